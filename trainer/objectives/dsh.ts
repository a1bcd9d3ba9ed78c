import { tf } from '../../encoder/tf.js'
import { meanWhere, pairsOf, squaredDistances } from './pairs.js'

/**
 * The objective of DSH: similar images near, others at least a margin apart, outputs near ±1.
 *
 *     J = mean over pairs of [ ½ s D + ½ (1 − s) max(0, m − D) ] + 2 α · mean over i of Σ_k | |u_ik| − 1 |
 *     D = ‖u_i − u_j‖²,  m = 2 · bits: Hamming distance bits / 2 between codes of ±1
 *
 * H. Liu, R. Wang, S. Shan, X. Chen. Deep Supervised Hashing for Fast Image Retrieval. CVPR 2016.
 *
 * Departures: a mean over pairs for the sum; no pair of an item with itself. The regulariser acts on |u| − 1 itself, not on its sign,
 * whose gradient is 0.
 *
 * @param outputs [n, bits], before the sign, no activation.
 * @param labels [n, classes], 0 and 1.
 * @param quantization α. @default 0.01
 */
export function dsh (outputs: tf.Tensor2D, labels: tf.Tensor2D, quantization = 0.01): tf.Scalar {
  const bits = outputs.shape[1]
  const { similar, dissimilar } = pairsOf(labels)
  const distances = squaredDistances(outputs)
  const apart = tf.relu(tf.sub(2 * bits, distances))
  const contrast = tf.mul(0.5, meanWhere(tf.add(tf.mul(similar, distances), tf.mul(dissimilar, apart)), tf.add(similar, dissimilar)))
  const off = tf.mean(tf.sum(tf.abs(tf.sub(tf.abs(outputs), 1)), 1))
  return tf.add(contrast, tf.mul(2 * quantization, off))
}
