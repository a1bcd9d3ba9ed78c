import { Matrix, QrDecomposition, SingularValueDecomposition } from 'ml-matrix'
import { Random } from '../random.js'
import type { Features, Hash } from './features.js'
import { crossProduct, principalComponents, project } from './linear.js'

export interface ItqHash extends Hash {
  /** Mean of ‖sign(VR) − VR‖² an item, before each turn and after the last: it never rises. */
  readonly losses: readonly number[]
  /** The rotation found, [bits, bits]. */
  readonly rotation: Matrix
}

/**
 * Iterative quantization: rotates the principal components so that little is lost when only signs are kept (Y. Gong,
 * S. Lazebnik. Iterative Quantization: A Procrustean Approach to Learning Binary Codes. CVPR 2011).
 *
 *     V = (X − μ) P;  from a random rotation R, in turns:  B = sign(V R);  Bᵀ V = S Ω Ŝᵀ;  R = Ŝ Sᵀ
 *
 * @param turns @default 50
 * @throws RangeError for more bits than dimensions.
 */
export function itq (features: Features, bits: number, seed: number, turns = 50): ItqHash {
  const { mean, directions } = principalComponents(features, bits)
  const v = project(features, mean, directions)
  const random = new Random(seed)
  let rotation = new QrDecomposition(new Matrix(Array.from({ length: bits }, () => Array.from({ length: bits }, () => random.normal())))).orthogonalMatrix
  const losses: number[] = []
  const table: Features = { count: features.count, dims: bits, values: v }
  const origin = new Float64Array(bits)
  for (let turn = 0; ; turn++) {
    const rotated = project(table, origin, rotation)
    const signs = rotated.map(value => value > 0 ? 1 : -1)
    losses.push(rotated.reduce((sum, value, at) => sum + (signs[at]! - value) ** 2, 0) / features.count)
    if (turn === turns) break
    const svd = new SingularValueDecomposition(crossProduct(signs, bits, v, bits))
    rotation = svd.rightSingularVectors.mmul(svd.leftSingularVectors.transpose())
  }
  const whole = directions.mmul(rotation)
  return { bits, losses, rotation, outputs: queries => project(queries, mean, whole) }
}
