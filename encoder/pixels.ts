import type { Manifest } from '../registry/manifest.js'
import { inputBytes } from './encoder.js'
import { tf } from './tf.js'

/**
 * Makes pixels a network's input, as a manifest says.
 *
 * A pixel has but 256 values, so what becomes of each is worked out once, in doubles, and looked up: the same numbers on
 * every backend, and no ops.
 *
 * @returns from u8 [count, height, width, 3] to a tensor of the same shape, in the order of the channels of the manifest.
 */
export function normaliser ({ input, normalisation: { channels, scale, mean, std } }: Pick<Manifest, 'input' | 'normalisation'>): (pixels: Uint8Array) => tf.Tensor4D {
  const [a, b, c] = [0, 1, 2].map(at => Float32Array.from({ length: 256 }, (_, x) => (x * scale - mean[at]!) / std[at]!)) as [Float32Array, Float32Array, Float32Array]
  const [first, third] = channels === 'rgb' ? [0, 2] : [2, 0]
  const { width, height } = input
  const bytes = inputBytes(input)
  return pixels => {
    const values = new Float32Array(pixels.length)
    for (let i = 0; i < pixels.length; i += 3) {
      values[i] = a[pixels[i + first]!]!
      values[i + 1] = b[pixels[i + 1]!]!
      values[i + 2] = c[pixels[i + third]!]!
    }
    return tf.tensor4d(values, [pixels.length / bytes, height, width, 3])
  }
}
