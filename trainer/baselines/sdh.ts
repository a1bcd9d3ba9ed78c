import { Matrix, inverse } from 'ml-matrix'
import { labelMatrix, type Labels } from '../labels.js'
import { Random } from '../random.js'
import type { Features, Hash } from './features.js'
import { anchorKernel } from './kernel.js'
import { crossProduct, project } from './linear.js'

export interface SdhOptions {
  /** @default 1000 */
  readonly anchors?: number
  /** @default 5 */
  readonly rounds?: number
  /** λ, the weight of the classifier's size. @default 1 */
  readonly shrink?: number
  /** ν, the weight of the fit of the hash to the codes. @default 1e-5 */
  readonly fit?: number
}

export interface SdhHash extends Hash {
  /** The objective before the first round and after each: it never rises. */
  readonly objectives: readonly number[]
}

/**
 * Supervised discrete hashing: codes from which the labels can be read linearly, found bit by bit without relaxing them
 * (F. Shen, C. Shen, W. Liu, H. T. Shen. Supervised Discrete Hashing. CVPR 2015).
 *
 *     minimise ‖Y − B W‖² + λ ‖W‖² + ν ‖B − Φ P‖²  over B ∈ ±1 [n, bits], W [bits, C], P [anchors, bits], in turns:
 *     W = (BᵀB + λI)⁻¹ BᵀY;  P = (ΦᵀΦ)⁻¹ ΦᵀB;  per bit  z = sign(q − B'W'v), q = column of Y Wᵀ + ν Φ P, v = row of W
 *
 * Departures: a ridge on ΦᵀΦ; three sweeps over the bits a round; the last round is taken, not the best by test. Zero becomes −1.
 */
export function sdh (features: Features, labels: Labels, bits: number, seed: number, options: SdhOptions = {}): SdhHash {
  const { anchors = Math.min(1000, features.count), rounds = 5, shrink = 1, fit = 1e-5 } = options
  const n = features.count
  const random = new Random(seed)
  const kernel = anchorKernel(features, anchors, random, false)
  const phi = kernel.map(features)
  const y = Float64Array.from(labelMatrix(labels))
  const classes = labels.classes
  const b = Float64Array.from({ length: n * bits }, () => random.next() < 0.5 ? -1 : 1)

  const gram = crossProduct(phi, anchors, phi, anchors)
  const solver = inverse(gram.add(Matrix.eye(anchors).mul(1e-6 * gram.trace() / anchors)))
  const hashStep = (): Matrix => solver.mmul(crossProduct(phi, anchors, b, bits))
  const labelStep = (): Matrix =>
    inverse(crossProduct(b, bits, b, bits).add(Matrix.eye(bits).mul(shrink))).mmul(crossProduct(b, bits, y, classes))
  const fitted = (p: Matrix): Float64Array => project({ count: n, dims: anchors, values: phi }, new Float64Array(anchors), p)
  const objective = (w: Matrix, hashed: Float64Array): number => {
    const read = project({ count: n, dims: bits, values: b }, new Float64Array(bits), w)
    const misread = y.reduce((sum, value, at) => sum + (value - read[at]!) ** 2, 0)
    return misread + shrink * w.norm() ** 2 + fit * b.reduce((sum, value, at) => sum + (value - hashed[at]!) ** 2, 0)
  }

  let hash = hashStep()
  let hashed = fitted(hash)
  const objectives: number[] = []
  for (let round = 0; round < rounds; round++) {
    const w = labelStep()
    if (round === 0) objectives.push(objective(w, hashed))
    sweep(b, y, w, hashed, fit)
    hash = hashStep()
    hashed = fitted(hash)
    objectives.push(objective(labelStep(), hashed))
  }
  return { bits, objectives, outputs: queries => project({ count: queries.count, dims: anchors, values: kernel.map(queries) }, new Float64Array(anchors), hash) }
}

/** Sets every bit of every item to its best value, the others given: three times over. */
function sweep (b: Float64Array, y: Float64Array, w: Matrix, hashed: Float64Array, fit: number): void {
  const [bits, classes] = [w.rows, w.columns]
  const n = b.length / bits
  const pull = w.mmul(w.transpose()) // [bits, bits]: how much two bits read the same labels
  for (let again = 0; again < 3; again++) {
    for (let bit = 0; bit < bits; bit++) {
      const v = w.getRow(bit)
      const shared = pull.getRow(bit)
      for (let i = 0; i < n; i++) {
        let q = fit * hashed[i * bits + bit]!
        for (let c = 0; c < classes; c++) q += y[i * classes + c]! * v[c]!
        for (let other = 0; other < bits; other++) if (other !== bit) q -= b[i * bits + other]! * shared[other]!
        b[i * bits + bit] = q > 0 ? 1 : -1
      }
    }
  }
}
