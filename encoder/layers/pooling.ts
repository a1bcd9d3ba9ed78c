import { tf } from '../tf.js'
import { padded, type Padding } from './padding.js'

/** Below every number a network makes, and finite: infinities have no gradient. */
const LOWEST = -1e30

export interface PoolingOptions {
  /** Side of the window, in pixels. */
  readonly size: number
  readonly stride: number
  /** @default `none` */
  readonly padding?: Padding
}

/** The largest of each window. The border, where there is one, is never the largest. */
export function maxPool (x: tf.Tensor4D, { size, stride, padding = 'none' }: PoolingOptions): tf.Tensor4D {
  const { x: input, pad } = padded(x, size, stride, padding, LOWEST)
  return tf.maxPool(input, size, stride, pad)
}

/** The mean over each picture: [n, height, width, channels] → [n, channels]. */
export function globalAveragePool (x: tf.Tensor4D): tf.Tensor2D {
  return tf.mean(x, [1, 2])
}

/** The largest over each picture: [n, height, width, channels] → [n, channels]. */
export function globalMaxPool (x: tf.Tensor4D): tf.Tensor2D {
  return tf.max(x, [1, 2])
}

/**
 * Cuts a picture into `bins` × `bins` windows that may overlap by a pixel, as PyTorch's adaptive pooling does (window i
 * goes from ⌊i·side/bins⌋ to ⌈(i+1)·side/bins⌉), and keeps the largest or the mean of each: [n, bins, bins, channels].
 */
export function adaptivePool (x: tf.Tensor4D, bins: number, keep: 'max' | 'mean'): tf.Tensor4D {
  const [n, height, width, channels] = x.shape
  if (height % bins === 0 && width % bins === 0) {
    const window: [number, number] = [height / bins, width / bins]
    return keep === 'max' ? tf.maxPool(x, window, window, 'valid') : tf.avgPool(x, window, window, 'valid')
  }
  const windows = (side: number): { from: number, length: number }[] => Array.from({ length: bins }, (_, i) => {
    const from = Math.floor(i * side / bins)
    return { from, length: Math.ceil((i + 1) * side / bins) - from }
  })
  const pooled = windows(height).flatMap(row => windows(width).map(column => {
    const window = tf.slice4d(x, [0, row.from, column.from, 0], [n, row.length, column.length, channels])
    return keep === 'max' ? globalMaxPool(window) : globalAveragePool(window)
  }))
  return tf.reshape(tf.concat2d(pooled, 1), [n, bins, bins, channels])
}

/**
 * Spatial pyramid pooling (He et al. 2014): the largest of each window at every level, side by side, so that pictures of
 * any size give as many features: channels · (levels[0]² + levels[1]² + …), in the order level, row, column, channel.
 */
export function spatialPyramidPool (x: tf.Tensor4D, levels: readonly number[]): tf.Tensor2D {
  const n = x.shape[0]
  return tf.concat2d(levels.map(bins => tf.reshape(adaptivePool(x, bins, 'max'), [n, -1])), 1)
}
