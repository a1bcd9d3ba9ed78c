import { tf } from '../tf.js'
import { adaptivePool } from './pooling.js'

/**
 * Multi-scale fusion pooling: what `spatialPyramidPool` sees, fused instead of laid side by side. At every level the largest
 * of each window, then the mean over windows, then the mean over levels: as many features as channels, whatever the levels.
 *
 *     f = 1 / levels · Σ over levels l of 1 / l² · Σ over windows of max(window)
 *
 * Xie 2019 names it and says that it fuses regions at several scales and needs clearly fewer parameters than the
 * pyramid; the formula is our reading of that (a sum of maxima over regions, as R-MAC has it: Tolias et al. 2016).
 *
 * @param levels windows a side, of each level: 4, 2, 1.
 * @returns [n, channels]
 */
export function multiScaleFusionPool (x: tf.Tensor4D, levels: readonly number[]): tf.Tensor2D {
  const fused = levels.map(bins => tf.mean<tf.Tensor2D>(adaptivePool(x, bins, 'max'), [1, 2]))
  return tf.div(tf.addN(fused), levels.length)
}
