import { EigenvalueDecomposition, Matrix } from 'ml-matrix'
import type { Random } from '../random.js'
import { assertFeatures, type Features } from './features.js'

/** The mean of each dimension, [dims]. */
export function meanOf ({ count, dims, values }: Features): Float64Array {
  const mean = new Float64Array(dims)
  for (let i = 0; i < count; i++) for (let d = 0; d < dims; d++) mean[d]! += values[i * dims + d]! / count
  return mean
}

/** (x − shift) · by, [count, columns]. @param by [dims, columns] */
export function project (features: Features, shift: Float64Array, by: Matrix): Float64Array {
  assertFeatures(features, by.rows)
  const { count, dims, values } = features
  const columns = by.columns
  const flat = Float64Array.from(by.to1DArray())
  const out = new Float64Array(count * columns)
  for (let i = 0; i < count; i++) {
    const row = out.subarray(i * columns, (i + 1) * columns)
    for (let d = 0; d < dims; d++) {
      const x = values[i * dims + d]! - shift[d]!
      if (x === 0) continue
      for (let c = 0; c < columns; c++) row[c]! += x * flat[d * columns + c]!
    }
  }
  return out
}

/** aᵀ · b, [columns of a, columns of b], of two tables with the same rows. */
export function crossProduct (a: Float64Array, aColumns: number, b: Float64Array, bColumns: number): Matrix {
  const rows = a.length / aColumns
  const out = Array.from({ length: aColumns }, () => new Float64Array(bColumns))
  for (let r = 0; r < rows; r++) {
    const bRow = b.subarray(r * bColumns, (r + 1) * bColumns)
    for (let i = 0; i < aColumns; i++) {
      const x = a[r * aColumns + i]!
      const into = out[i]!
      for (let j = 0; j < bColumns; j++) into[j]! += x * bRow[j]!
    }
  }
  return new Matrix(out)
}

/** Principal components: the directions of most variance. */
export interface Components {
  readonly mean: Float64Array
  /** [dims, k], the strongest first. */
  readonly directions: Matrix
}

/** @throws RangeError when fewer than `k` dimensions are there. */
export function principalComponents (features: Features, k: number): Components {
  assertFeatures(features)
  const { count, dims } = features
  if (k > dims) throw new RangeError(`${dims} dims have no ${k} components`)
  const mean = meanOf(features)
  const centred = new Float64Array(count * dims)
  for (let i = 0; i < count; i++) for (let d = 0; d < dims; d++) centred[i * dims + d] = features.values[i * dims + d]! - mean[d]!
  const covariance = crossProduct(centred, dims, centred, dims).div(count)
  const { eigenvectorMatrix } = new EigenvalueDecomposition(covariance, { assumeSymmetric: true }) // eigenvalues ascend
  const strongest = Array.from({ length: k }, (_, i) => dims - 1 - i)
  return { mean, directions: eigenvectorMatrix.subMatrixColumn(strongest) }
}

/**
 * An eigenvector of the largest eigenvalue of a symmetric matrix, of length 1, by Lanczos' method with every vector made
 * orthogonal to all before it: some dozens of products instead of a whole decomposition.
 */
export function topEigenvector (symmetric: Matrix, random: Random): Float64Array {
  const n = symmetric.rows
  const rows = Array.from({ length: n }, (_, i) => Float64Array.from(symmetric.getRow(i)))
  const steps = Math.min(n, 60)
  const basis: Float64Array[] = []
  const small = Matrix.zeros(steps, steps)
  let next = unit(Float64Array.from({ length: n }, () => random.normal()))
  let used = 0
  while (next !== undefined && used < steps) {
    const own = next
    basis.push(own)
    const product = Float64Array.from(rows, row => dot(row, own))
    for (const [i, before] of basis.entries()) {
      const along = dot(before, product)
      small.set(i, used, along)
      small.set(used, i, along)
    }
    for (const before of [...basis, ...basis]) { // twice: once leaves rounding errors that grow
      const along = dot(before, product)
      for (let i = 0; i < n; i++) product[i]! -= along * before[i]!
    }
    next = unit(product)
    used++
  }
  const { eigenvectorMatrix } = new EigenvalueDecomposition(small.subMatrix(0, used - 1, 0, used - 1), { assumeSymmetric: true })
  const weights = eigenvectorMatrix.getColumn(used - 1)
  const top = new Float64Array(n)
  for (const [j, vector] of basis.entries()) for (let i = 0; i < n; i++) top[i]! += weights[j]! * vector[i]!
  return top
}

/** Undefined where nothing is left but rounding: the basis is whole. */
function unit (vector: Float64Array): Float64Array | undefined {
  const length = Math.sqrt(dot(vector, vector))
  return length < 1e-10 ? undefined : vector.map(value => value / length)
}

function dot (a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
