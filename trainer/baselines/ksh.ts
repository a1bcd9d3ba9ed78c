import { CholeskyDecomposition, Matrix, inverse } from 'ml-matrix'
import type { Labels } from '../labels.js'
import { Random } from '../random.js'
import type { Features, Hash } from './features.js'
import { anchorKernel } from './kernel.js'
import { crossProduct, topEigenvector } from './linear.js'

export interface KshOptions {
  /** @default 300 */
  readonly anchors?: number
  /** Steps of the refinement of each bit. @default 50 */
  readonly steps?: number
}

/**
 * Supervised hashing with kernels: bits whose products add up to the similarity of labels (W. Liu, J. Wang, R. Ji, Y.-G. Jiang,
 * S.-F. Chang. Supervised Hashing with Kernels. CVPR 2012).
 *
 *     minimise ‖ bits · S − Σ_b y_b y_bᵀ ‖²,  S = ±1,  y_b = sign(κ a_b),  one bit after the other:
 *     a from the top eigenvector of (κᵀ R κ, κᵀ κ), R = bits · S − Σ of the bits before; then refined with
 *     y = 2 / (1 + exp(−κ a)) − 1, by gradient; kept where sign(κ a)ᵀ R sign(κ a) has risen.
 *
 * Departures: a ridge on κᵀκ, which is near singular where anchors are near; 50 steps of plain gradient with a halving
 * step instead of 500 accelerated ones. R is never written out (items with the same labels share a row of S), so
 * n may be some ten thousand; the authors take 2,000 labelled items.
 *
 * @throws RangeError for fewer items than anchors.
 */
export function ksh (features: Features, labels: Labels, bits: number, seed: number, options: KshOptions = {}): Hash {
  const { anchors = Math.min(300, features.count), steps = 50 } = options
  const random = new Random(seed)
  const kernel = anchorKernel(features, anchors, random, true)
  const k = kernel.map(features)
  const n = features.count
  const similarity = similarityOf(labels)
  const codes: Float64Array[] = []
  /** R · v */
  const residual = (v: Float64Array): Float64Array => {
    const out = similarity(v).map(value => bits * value)
    for (const y of codes) {
      const along = dot(y, v)
      for (let i = 0; i < n; i++) out[i]! -= along * y[i]!
    }
    return out
  }

  const gram = crossProduct(k, anchors, k, anchors)
  const ridge = 1e-6 * gram.trace() / anchors
  const root = new CholeskyDecomposition(gram.clone().add(Matrix.eye(anchors).mul(ridge))).lowerTriangularMatrix
  const unroot = inverse(root) // L⁻¹: the generalised problem becomes a plain symmetric one
  const columns = new Float64Array(n * anchors)
  for (let j = 0; j < anchors; j++) {
    const column = residual(Float64Array.from({ length: n }, (_, i) => k[i * anchors + j]!))
    for (let i = 0; i < n; i++) columns[i * anchors + j] = column[i]!
  }
  // L⁻¹ κᵀ R κ L⁻ᵀ: kept up to date as bits are taken out of R, which each takes one product of a vector by itself out of this.
  const weighted = unroot.mmul(crossProduct(k, anchors, columns, anchors)).mmul(unroot.transpose())
  const planes = new Matrix(anchors, bits)
  for (let b = 0; b < bits; b++) {
    const top = Float64Array.from(unroot.transpose().mmul(Matrix.columnVector(topEigenvector(weighted, random))).to1DArray())
    const long = values(k, top)
    const a = top.map(value => value * Math.sqrt(n / dot(long, long)))
    const refined = refine(k, a, residual, steps)
    const [before, after] = [signs(k, a), signs(k, refined)]
    const better = dot(after, residual(after)) > dot(before, residual(before))
    const y = better ? after : before
    planes.setColumn(b, [...(better ? refined : a)])
    codes.push(y)
    const along = unroot.mmul(Matrix.columnVector(onto(k, y, anchors)))
    weighted.sub(along.mmul(along.transpose()))
  }
  return { bits, outputs: queries => times(kernel.map(queries), anchors, planes) }
}

/** S · v for S_ij = 1 where i and j share a label and −1 elsewhere, by groups of items with the same labels. */
function similarityOf ({ words, count, stride }: Labels): (v: Float64Array) => Float64Array {
  const numbers = new Map<string, number>()
  const representatives: number[] = []
  const groupOf = Uint32Array.from({ length: count }, (_, i) => {
    const key = words.subarray(i * stride, (i + 1) * stride).join()
    let group = numbers.get(key)
    if (group === undefined) {
      group = representatives.push(i) - 1
      numbers.set(key, group)
    }
    return group
  })
  const similar = representatives.map(i => representatives.map(j => {
    for (let w = 0; w < stride; w++) if ((words[i * stride + w]! & words[j * stride + w]!) !== 0) return 1
    return -1
  }))
  return v => {
    const sums = new Float64Array(representatives.length)
    for (let i = 0; i < count; i++) sums[groupOf[i]!]! += v[i]!
    const rows = similar.map(row => row.reduce((sum, s, g) => sum + s * sums[g]!, 0))
    return Float64Array.from(groupOf, group => rows[group]!)
  }
}

/** Gradient ascent on yᵀ R y, y = tanh(κa / 2) (which is 2 / (1 + exp(−κa)) − 1), halving the step until it rises. */
function refine (k: Float64Array, from: Float64Array, residual: (v: Float64Array) => Float64Array, steps: number): Float64Array {
  const anchors = from.length
  const soft = (a: Float64Array): Float64Array => values(k, a).map(value => Math.tanh(value / 2))
  let a = from
  let y = soft(a)
  let r = residual(y)
  let value = dot(y, r)
  let step = 0
  for (let turn = 0; turn < steps; turn++) {
    const slope = onto(k, r.map((x, i) => x * (1 - y[i]! ** 2)), anchors)
    const length = Math.hypot(...slope)
    if (length === 0) return a
    if (step === 0) step = Math.hypot(...a) / length
    let risen = false
    for (let halvings = 0; halvings < 20 && !risen; halvings++, step /= 2) {
      const tried = a.map((x, j) => x + step * slope[j]!)
      const triedY = soft(tried)
      const triedR = residual(triedY)
      const triedValue = dot(triedY, triedR)
      if (triedValue <= value) continue
      risen = true
      ;[a, y, r, value] = [tried, triedY, triedR, triedValue]
      step *= 3
    }
    if (!risen) return a
  }
  return a
}

/** κ · a */
function values (k: Float64Array, a: Float64Array): Float64Array {
  const n = k.length / a.length
  const out = new Float64Array(n)
  for (let i = 0; i < n; i++) for (let j = 0; j < a.length; j++) out[i]! += k[i * a.length + j]! * a[j]!
  return out
}

/** κᵀ · v */
function onto (k: Float64Array, v: Float64Array, anchors: number): Float64Array {
  const out = new Float64Array(anchors)
  for (let i = 0; i < v.length; i++) for (let j = 0; j < anchors; j++) out[j]! += v[i]! * k[i * anchors + j]!
  return out
}

function times (k: Float64Array, anchors: number, planes: Matrix): Float64Array {
  const bits = planes.columns
  const out = new Float64Array(k.length / anchors * bits)
  for (let b = 0; b < bits; b++) {
    const column = values(k, Float64Array.from(planes.getColumn(b)))
    for (let i = 0; i < column.length; i++) out[i * bits + b] = column[i]!
  }
  return out
}

function signs (k: Float64Array, a: Float64Array): Float64Array {
  return values(k, a).map(value => value > 0 ? 1 : -1)
}

function dot (a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
