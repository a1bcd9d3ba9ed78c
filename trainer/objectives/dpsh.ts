import { tf } from '../../encoder/tf.js'
import { meanWhere, pairsOf, products } from './pairs.js'

/**
 * The objective of DPSH: images that share a label should have codes with a large inner product.
 *
 *     J = mean over pairs of [ log(1 + exp θ) − s θ ] + η · mean of (sign u − u)²,   θ = ½ ⟨u_i, u_j⟩
 *
 * W.-J. Li, S. Wang, W.-C. Kang. Feature Learning based Deep Supervised Hashing with Pairwise Labels. IJCAI 2016.
 *
 * Departures: means for sums, so η does not depend on the batch; pairs within the batch, where the authors keep the outputs of the
 * whole training set, up to an epoch old.
 *
 * @param outputs u, [n, bits], before the sign, no activation.
 * @param labels [n, classes], 0 and 1.
 * @param quantization η. @default 0.1
 */
export function dpsh (outputs: tf.Tensor2D, labels: tf.Tensor2D, quantization = 0.1): tf.Scalar {
  const { similar, dissimilar } = pairsOf(labels)
  const theta = tf.div(products(outputs), 2)
  const pairs = meanWhere(tf.sub(tf.softplus(theta), tf.mul(similar, theta)), tf.add(similar, dissimilar))
  // (sign u − u)² is (|u| − 1)²: what is left of a step's gradient is right, for sign has none.
  return tf.add(pairs, tf.mul(quantization, tf.mean(tf.square(tf.sub(tf.abs(outputs), 1)))))
}
