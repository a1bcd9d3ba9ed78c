import { tf } from '../../encoder/tf.js'
import { meanWhere, pairsOf, products } from './pairs.js'

/**
 * The objective of HashNet: a likelihood of pairs in which similar and dissimilar ones weigh the same in sum, on outputs
 * that a steeper and steeper tanh turns into signs.
 *
 *     J = mean over pairs of w [ log(1 + exp θ) − s θ ],  u = tanh(β a),  θ = (10 / bits) ⟨u_i, u_j⟩
 *     w = pairs / similar pairs for similar ones, pairs / dissimilar pairs for the others
 *
 * Z. Cao, M. Long, J. Wang, P. S. Yu. HashNet: Deep Learning to Hash by Continuation. ICCV 2017. 10 / bits as in public code; the weights
 * are of the batch, and a kind of pair that is missing counts 0.
 *
 * @param outputs a, [n, bits], before the sign.
 * @param labels [n, classes], 0 and 1.
 * @param steepness β, which the schedule raises. @default 1
 */
export function hashNet (outputs: tf.Tensor2D, labels: tf.Tensor2D, steepness = 1): tf.Scalar {
  const { similar, dissimilar } = pairsOf(labels)
  const theta = tf.mul(10 / outputs.shape[1], products(tf.tanh(tf.mul(steepness, outputs))))
  const far = tf.softplus(theta)
  // pairs / similar · (sum over similar) / pairs: each kind's own mean.
  return tf.add(meanWhere(tf.sub(far, theta), similar), meanWhere(far, dissimilar))
}
