import { EigenvalueDecomposition } from 'ml-matrix'
import type { NamedTensor } from '../encoder/safetensors.js'
import { STEM_FILTERS } from '../encoder/networks/small-cnn.js'
import { tf } from '../encoder/tf.js'
import { crossProduct } from './baselines/linear.js'
import type { PixelSet } from './datasets/dataset.js'

const WINDOW = 2
const NUMBERS = WINDOW * WINDOW * 3
/** Added to each variance: what varies less than this is noise, and is not blown up. */
const FLOOR = 5e-4
const PICTURES = 2000

/**
 * A first layer that whitens: filters are the principal axes of 2×2 windows of the pictures, each divided by its
 * deviation, and their opposites (airbench94, K. Jordan 2024; with ReLU behind, the opposites keep the other half). What comes
 * out varies by 1 in every direction, so that the layers after it learn at once.
 *
 * @returns `stem.kernel` of `small-cnn`.
 */
export function whitening (pictures: PixelSet, normalise: (pixels: Uint8Array) => tf.Tensor4D): Map<string, NamedTensor> {
  const { width, height } = pictures
  const count = Math.min(PICTURES, pictures.count)
  const x = tf.tidy(() => normalise(pictures.pixels.subarray(0, count * width * height * 3)).dataSync<'float32'>())
  const windows = new Float64Array(count * (height - 1) * (width - 1) * NUMBERS)
  let at = 0
  for (let i = 0; i < count; i++) {
    for (let y = 0; y < height - 1; y++) {
      for (let column = 0; column < width - 1; column++) {
        for (let dy = 0; dy < WINDOW; dy++) {
          const from = ((i * height + y + dy) * width + column) * 3
          windows.set(x.subarray(from, from + WINDOW * 3), at)
          at += WINDOW * 3
        }
      }
    }
  }
  const covariance = crossProduct(windows, NUMBERS, windows, NUMBERS).div(windows.length / NUMBERS)
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance, { assumeSymmetric: true })
  const kernel = new Float32Array(NUMBERS * STEM_FILTERS) // [2, 2, 3, filters]
  for (let axis = 0; axis < NUMBERS; axis++) {
    const scale = 1 / Math.sqrt(Math.max(0, realEigenvalues[axis]!) + FLOOR)
    for (let n = 0; n < NUMBERS; n++) {
      kernel[n * STEM_FILTERS + axis] = scale * eigenvectorMatrix.get(n, axis)
      kernel[n * STEM_FILTERS + NUMBERS + axis] = -kernel[n * STEM_FILTERS + axis]!
    }
  }
  return new Map([['stem.kernel', { shape: [WINDOW, WINDOW, 3, STEM_FILTERS], data: kernel }]])
}
