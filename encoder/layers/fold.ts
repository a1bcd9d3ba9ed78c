import { HammingbirdError } from '../../errors.js'
import type { NamedTensor, Tensors } from '../safetensors.js'

const NORM = ['gamma', 'beta', 'mean', 'variance'] as const

/**
 * Folds every batch norm into the convolution it follows: while encoding it is but a factor and a shift for each channel,
 * which the kernel and a bias can do. A third of the ops go; nothing is lost but the last digits.
 *
 *     kernel′ = kernel · γ / √(σ² + ε)        bias = β − μ · γ / √(σ² + ε)
 *
 * @param epsilon ε, the network's.
 * @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID` for a norm that lacks a part, or does not fit its kernel.
 */
export function foldNorms (tensors: Tensors, epsilon: number): Map<string, NamedTensor> {
  const folded = new Map(tensors)
  for (const gammaName of tensors.keys()) {
    if (!gammaName.endsWith('.gamma')) continue
    const layer = gammaName.slice(0, -'.gamma'.length)
    const channels = tensors.get(gammaName)!.data.length
    const [gamma, beta, mean, variance] = NORM.map(part => {
      const tensor = tensors.get(`${layer}.${part}`)
      if (!(tensor?.data instanceof Float32Array) || tensor.data.length !== channels) throw unfit(`${layer}.${part}`)
      folded.delete(`${layer}.${part}`)
      return tensor.data
    }) as [Float32Array, Float32Array, Float32Array, Float32Array]
    const kernel = tensors.get(`${layer}.kernel`)
    // Channels come out by the last side, but of a depthwise kernel, [height, width, channels, 1], by the one before.
    // With one channel out, the last side is that channel.
    const out = kernel?.shape.at(-1) === 1 && channels > 1 ? kernel.shape.at(-2) : kernel?.shape.at(-1)
    if (!(kernel?.data instanceof Float32Array) || out !== channels) throw unfit(`${layer}.kernel`)
    const factor = Float64Array.from(gamma, (g, c) => g / Math.sqrt(variance[c]! + epsilon))
    folded.set(`${layer}.kernel`, { shape: kernel.shape, data: kernel.data.map((weight, i) => weight * factor[i % channels]!) })
    folded.set(`${layer}.bias`, { shape: [channels], data: beta.map((b, c) => b - mean[c]! * factor[c]!) })
  }
  return folded
}

function unfit (name: string): HammingbirdError {
  return new HammingbirdError('HAMMINGBIRD_MODEL_INVALID', `the weights do not fit together: ${name} is missing, or of another width than its batch norm`)
}
