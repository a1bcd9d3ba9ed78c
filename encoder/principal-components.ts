import { EigenvalueDecomposition, Matrix } from 'ml-matrix'

// Matrices are rows of doubles, one after the other, with their number of columns beside them.

/** Directions of most variance. */
export interface Components {
  /** [dims] */
  readonly mean: Float64Array
  /** [dims, k], the strongest first, each of length 1 and across all others. */
  readonly directions: Float64Array
}

function meanOf (features: Float32Array, dims: number): Float64Array {
  const mean = new Float64Array(dims)
  for (let i = 0; i < features.length; i++) mean[i % dims]! += features[i]!
  return mean.map(sum => sum / (features.length / dims))
}

/**
 * The k directions of most variance: of the covariance by subspace iteration, which for some dozens of a thousand
 * directions does a hundredth of a whole decomposition's work. The same features give the same directions.
 *
 * @param features [count, dims]
 */
export function principalComponents (features: Float32Array, dims: number, k: number): Components {
  const mean = meanOf(features, dims)
  const covariance = covarianceOf(features, dims, mean)
  const width = Math.min(dims, k + 16) // spare ones, so that the last that count settle too
  let basis = orthonormal(normal(dims * width, 7), dims, width)
  let explained = 0
  for (let turn = 0; turn < 100; turn++) {
    const image = multiply(covariance, dims, basis, width)
    const { values, vectors } = strongestFirst(cross(basis, width, image, width), width)
    basis = orthonormal(multiply(image, width, vectors, width), dims, width)
    const variance = values.subarray(0, k).reduce((sum, value) => sum + value, 0)
    if (variance - explained <= 1e-6 * variance) break // it only ever grows
    explained = variance
  }
  return { mean, directions: columns(basis, width, k) }
}

function covarianceOf (features: Float32Array, dims: number, mean: Float64Array): Float64Array {
  const count = features.length / dims
  const covariance = new Float64Array(dims * dims)
  const rows = 4 // at a time: each number of the sum is then fetched and stored a quarter as often
  const block = new Float64Array(rows * dims)
  for (let from = 0; from < count; from += rows) {
    block.fill(0)
    for (let i = 0; i < Math.min(rows, count - from) * dims; i++) block[i] = features[from * dims + i]! - mean[i % dims]!
    for (let a = 0; a < dims; a++) {
      const [x0, x1, x2, x3] = [block[a]!, block[dims + a]!, block[2 * dims + a]!, block[3 * dims + a]!]
      if (x0 === 0 && x1 === 0 && x2 === 0 && x3 === 0) continue
      const into = a * dims
      for (let b = a; b < dims; b++) covariance[into + b]! += x0 * block[b]! + x1 * block[dims + b]! + x2 * block[2 * dims + b]! + x3 * block[3 * dims + b]!
    }
  }
  for (let a = 0; a < dims; a++) for (let b = 0; b <= a; b++) covariance[a * dims + b] = covariance[b * dims + a]! /= count
  return covariance
}

function strongestFirst (symmetric: Float64Array, n: number): { values: Float64Array, vectors: Float64Array } {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(Matrix.from1DArray(n, n, symmetric), { assumeSymmetric: true }) // ascending
  return {
    values: Float64Array.from(realEigenvalues).reverse(),
    vectors: Float64Array.from(eigenvectorMatrix.subMatrixColumn(Array.from({ length: n }, (_, i) => n - 1 - i)).to1DArray())
  }
}

/** a · b, for a of `inner` and b of `width` columns. */
export function multiply (a: Float64Array, inner: number, b: Float64Array, width: number): Float64Array {
  const rows = a.length / inner
  const out = new Float64Array(rows * width)
  for (let r = 0; r < rows; r++) {
    const to = r * width
    let i = 0
    for (; i + 4 <= inner; i += 4) { // four at a time: each sum is fetched and stored a quarter as often
      const at = r * inner + i
      const x0 = a[at]!
      const x1 = a[at + 1]!
      const x2 = a[at + 2]!
      const x3 = a[at + 3]!
      const from = i * width
      for (let c = from; c < from + width; c++) out[to + c - from]! += x0 * b[c]! + x1 * b[c + width]! + x2 * b[c + 2 * width]! + x3 * b[c + 3 * width]!
    }
    for (; i < inner; i++) for (let c = 0; c < width; c++) out[to + c]! += a[r * inner + i]! * b[i * width + c]!
  }
  return out
}

/** aᵀ · b, for matrices with the same rows. */
export function cross (a: Float64Array, aWidth: number, b: Float64Array, bWidth: number): Float64Array {
  const turned = new Float64Array(a.length)
  const rows = a.length / aWidth
  for (let r = 0; r < rows; r++) for (let i = 0; i < aWidth; i++) turned[i * rows + r] = a[r * aWidth + i]!
  return multiply(turned, rows, b, bWidth)
}

/** The first `k` of `width` columns. */
export function columns (a: Float64Array, width: number, k: number): Float64Array {
  const out = new Float64Array(a.length / width * k)
  for (let r = 0; r < a.length / width; r++) out.set(a.subarray(r * width, r * width + k), r * k)
  return out
}

/**
 * The columns made orthogonal, one after the other, each of length 1 (Gram and Schmidt, twice: once leaves rounding
 * errors that grow). A column that hangs on those before it gets a fresh direction: features can be fewer than they seem.
 */
export function orthonormal (a: Float64Array, rows: number, width: number): Float64Array {
  const done: Float64Array[] = []
  for (let c = 0; c < width; c++) {
    let column: Float64Array = Float64Array.from({ length: rows }, (_, r) => a[r * width + c]!)
    for (let attempt = 0; ; attempt++) {
      const whole = Math.sqrt(dot(column, column))
      for (const before of [...done, ...done]) {
        const along = dot(before, column)
        for (let r = 0; r < rows; r++) column[r]! -= along * before[r]!
      }
      const length = Math.sqrt(dot(column, column))
      if (length > 1e-10 * whole) {
        done.push(column.map(value => value / length))
        break
      }
      column = normal(rows, 1000 * c + attempt + 11)
    }
  }
  const out = new Float64Array(rows * width)
  for (const [c, column] of done.entries()) for (let r = 0; r < rows; r++) out[r * width + c] = column[r]!
  return out
}

/** Nearly normal numbers: sums of twelve uniform ones, which every machine adds alike. */
export function normal (length: number, seed: number): Float64Array {
  let state = seed >>> 0
  return Float64Array.from({ length }, () => {
    let sum = -6
    for (let i = 0; i < 12; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      sum += state / 2 ** 32
    }
    return sum
  })
}

function dot (a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
