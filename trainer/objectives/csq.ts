import { tf } from '../../encoder/tf.js'

/**
 * The objective of CSQ: every image goes to the hash centre of its class, bit by bit.
 *
 *     u = tanh(a);  J = mean of BCE((u + 1) / 2, (c + 1) / 2) + λ · mean of (|u| − 1)²
 *
 * L. Yuan, T. Wang, X. Zhang, F. E. H. Tay, Z. Jie, W. Liu, J. Feng. Central Similarity Quantization for Efficient Image and Video
 * Retrieval. CVPR 2020. (tanh a + 1) / 2 = σ(2a), so the cross-entropy is softplus(2a) − 2a (c + 1) / 2, which never overflows. Departure: the
 * quantisation is the authors' code's square, not the paper's log cosh.
 *
 * @param outputs a, [n, bits], before the sign.
 * @param centres c, [n, bits], ±1: that of each image (`imageCentres`).
 * @param quantization λ. @default 0.0001
 */
export function csq (outputs: tf.Tensor2D, centres: tf.Tensor2D, quantization = 0.0001): tf.Scalar {
  const doubled = tf.mul(2, outputs)
  const cross = tf.mean(tf.sub(tf.softplus(doubled), tf.mul(doubled, tf.div(tf.add(centres, 1), 2))))
  return tf.add(cross, tf.mul(quantization, tf.mean(tf.square(tf.sub(tf.abs(tf.tanh(outputs)), 1)))))
}

/**
 * The centre of each image: its class's; of several labels, the sign of the sum of theirs, ties from `tie`.
 *
 * @param labels [n, classes]
 * @param centres [classes, bits], ±1 (`hashCentres`).
 * @param tie [bits], ±1, one for all images.
 */
export function imageCentres (labels: tf.Tensor2D, centres: tf.Tensor2D, tie: tf.Tensor1D): tf.Tensor2D {
  const sums = tf.matMul(labels, centres)
  return tf.sign(tf.add(tf.mul(2, sums), tie)) // sums are whole numbers: a tie decides only where they are 0
}
