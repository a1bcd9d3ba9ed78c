import { tf } from '../tf.js'

/**
 * How the border of a picture is filled so that a window fits. With a stride of 1 and odd windows they are the same; at
 * stride 2 they lay their windows one pixel apart, and weights learned with one are wrong with the other.
 *
 * - `symmetric`: PyTorch's, ⌊size / 2⌋ on every side.
 * - `same`: TensorFlow's and Keras's, as little as needed, the odd pixel right and below.
 * - `none`: windows stay inside.
 */
export type Padding = 'symmetric' | 'same' | 'none'

/** What TensorFlow's ops are to be told, and the picture to give them: explicit padding has no native gradient. */
export function padded (x: tf.Tensor4D, size: number, stride: number, padding: Padding, fill = 0): { x: tf.Tensor4D, pad: 'same' | 'valid' } {
  if (padding === 'none' || size === 1) return { x, pad: 'valid' } // a window of one pixel needs no border
  if (padding === 'same' || (stride === 1 && size % 2 === 1)) return { x, pad: 'same' }
  const side = Math.floor(size / 2)
  return { x: tf.pad4d(x, [[0, 0], [side, side], [side, side], [0, 0]], fill), pad: 'valid' }
}
