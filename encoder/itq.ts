import { Matrix, SingularValueDecomposition } from 'ml-matrix'
import { HammingbirdError } from '../errors.js'
import { columns, cross, multiply, normal, orthonormal, principalComponents } from './principal-components.js'

export interface ItqOptions {
  /** Width of the code: at most as many as there are features. */
  readonly bits: number
  /** int8 features to keep beside the code: at most 64, and as many as there are features. @default 0 */
  readonly detail?: number
  /** Turns of the rotation. @default 50 */
  readonly turns?: number
  /** The rotation begins from it. @default 1 */
  readonly seed?: number
}

/** A dense layer: features · kernel + bias. */
export interface FittedLayer {
  /** [features, units] */
  readonly kernel: Float32Array
  /** [units] */
  readonly bias: Float32Array
}

export interface ItqFit {
  /** Its outputs' signs are the code. */
  readonly hash: FittedLayer
  /** Its outputs, rounded, are the int8 features: the strongest principal components, in one scale for all. */
  readonly detail: FittedLayer | undefined
  /** Mean of ‖sign(VR) − VR‖² an item, before each turn and after the last: it never rises. */
  readonly losses: readonly number[]
}

/** More items than this make the rotation no better, only later. */
const MOST_FOR_ROTATION = 4096

/**
 * Fits a hash layer to features, without labels: iterative quantization (Y. Gong, S. Lazebnik. Iterative Quantization: A
 * Procrustean Approach to Learning Binary Codes. CVPR 2011).
 *
 *     V = (X − μ) P;  from a random rotation R, in turns:  B = sign(V R);  Bᵀ V = S Ω Ŝᵀ;  R = Ŝ Sᵀ
 *
 * P are the principal components. The same features give the same layer, to the bit, on every machine: doubles, in a
 * fixed order, no TensorFlow.
 *
 * @param features [count, dims], one after the other.
 * @throws HammingbirdError `HAMMINGBIRD_INVALID` for more bits than features, or fewer items than bits.
 */
export function fitItq (features: Float32Array, dims: number, { bits, detail = 0, turns = 50, seed = 1 }: ItqOptions): ItqFit {
  const count = features.length / dims
  if (!Number.isInteger(count)) throw new RangeError(`${features.length} numbers are not [count, ${dims}]`)
  if (bits > dims || detail > dims) throw new HammingbirdError('HAMMINGBIRD_INVALID', `a network with ${dims} features gives at most ${dims} bits by ITQ, ${Math.max(bits, detail)} were asked for`)
  if (count < bits) throw new HammingbirdError('HAMMINGBIRD_INVALID', `a layer of ${bits} bits is fitted on ${bits} items at least, there are ${count}`)

  const widest = Math.max(bits, detail)
  const { mean, directions } = principalComponents(features, dims, widest)
  const every = Math.ceil(count / MOST_FOR_ROTATION)
  const some = Array.from({ length: Math.ceil(count / every) }, (_, i) => i * every)
  const centred = new Float64Array(some.length * dims)
  for (const [row, item] of some.entries()) for (let d = 0; d < dims; d++) centred[row * dims + d] = features[item * dims + d]! - mean[d]!
  const projected = multiply(centred, dims, directions, widest)

  const { rotation, losses } = rotate(columns(projected, widest, bits), bits, turns, seed)
  const hashDirections = multiply(columns(directions, widest, bits), bits, rotation, bits)
  return {
    hash: layer(hashDirections, bits, mean, 1),
    detail: detail === 0 ? undefined : layer(columns(directions, widest, detail), detail, mean, 127 / reach(columns(projected, widest, detail))),
    losses
  }
}

/** (x − μ) · directions · scale, as a dense layer. */
function layer (directions: Float64Array, units: number, mean: Float64Array, scale: number): FittedLayer {
  const bias = new Float64Array(units)
  for (let d = 0; d < mean.length; d++) for (let u = 0; u < units; u++) bias[u]! -= mean[d]! * directions[d * units + u]! * scale
  return { kernel: Float32Array.from(directions, value => value * scale), bias: Float32Array.from(bias) }
}

/** What all but one in a thousand stay within. */
function reach (values: Float64Array): number {
  const sizes = values.map(Math.abs).sort()
  return sizes[Math.floor(0.999 * (sizes.length - 1))]! || 1
}

function rotate (v: Float64Array, bits: number, turns: number, seed: number): { rotation: Float64Array, losses: number[] } {
  let rotation = orthonormal(normal(bits * bits, seed), bits, bits)
  const losses: number[] = []
  for (let turn = 0; ; turn++) {
    const rotated = multiply(v, bits, rotation, bits)
    let loss = 0
    const signs = rotated.map(value => {
      const sign = value > 0 ? 1 : -1
      loss += (sign - value) ** 2
      return sign
    })
    losses.push(loss / (v.length / bits))
    if (turn === turns) return { rotation, losses }
    const { leftSingularVectors: s, rightSingularVectors: sHat } = new SingularValueDecomposition(Matrix.from1DArray(bits, bits, cross(signs, bits, v, bits)))
    rotation = Float64Array.from(sHat.mmul(s.transpose()).to1DArray())
  }
}
