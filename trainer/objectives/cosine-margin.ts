import { tf } from '../../encoder/tf.js'
import { softmaxCrossEntropy } from './classification.js'
import { unitRows } from './interrelated.js'

/**
 * Softmax with a margin on cosines: an image must be nearer to its class than to others by m.
 *
 *     z_ij = s (cos(a_i, w_j) − m y_ij),   J = softmax cross-entropy(z, y)
 *
 * F. Wang, J. Cheng, W. Liu, H. Liu. Additive Margin Softmax for Face Verification. 2018 (CosFace is the same). With fixed
 * w of ±1 it is OrthoHash: J. T. Hoe et al. One Loss for All: Deep Hashing with a Single Cosine Similarity based Learning Objective.
 * NeurIPS 2021, whose outputs come from a batch norm. Their scales are ours, not the 30 of faces: codes have few classes.
 *
 * @param outputs a, [n, bits], before the sign.
 * @param weights w, [classes, bits], of any length.
 * @param labels y, [n, classes], 0 and 1.
 * @param scale s. @default 8
 * @param margin m. @default 0.2
 */
export function cosineMargin (outputs: tf.Tensor2D, weights: tf.Tensor2D, labels: tf.Tensor2D, scale = 8, margin = 0.2): tf.Scalar {
  const cosines = tf.matMul(unitRows(outputs), unitRows(weights), false, true)
  return softmaxCrossEntropy(tf.mul(scale, tf.sub(cosines, tf.mul(margin, labels))), labels)
}
