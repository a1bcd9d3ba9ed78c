import { tf } from '../../encoder/tf.js'
import { softmaxCrossEntropy } from './classification.js'

export interface InterrelatedOptions {
  /** s: the largest a logit can be. @default 8 */
  readonly scale?: number
  /** λ, 1 or more: how many times less sensitive the model is to the weights of an image's own class. 1 is plain softmax. @default 2 */
  readonly sensitivity?: number
  /** α, the weight of mean (|u| − 1)². @default 0 */
  readonly quantization?: number
}

/**
 * A unary loss: no matrix of pairs, the cost of a batch is n · classes · bits. A class must win although the model is made
 * less sensitive to its weight vector, so classes move apart and images of one together.
 *
 *     u = tanh(a),  t_ij = γ ⟨w_j, u_i⟩,  ‖w_j‖ = 1,  γ = s / √bits  (so |t| ≤ s)
 *     z_ij = min(t_ij / λ, λ t_ij) for the labels j of i, t_ij for the others;   J = softmax cross-entropy(z, y) + α mean (|u| − 1)²
 *
 * He et al. Deep Highly Interrelated Hashing for Fast Image Retrieval. J. Computer Research and Development 57(11), 2020.
 *
 * Read: the abstract alone. It names a unary loss that acts by "the model's sensitivity to the weight matrix", widening between
 * classes and narrowing within; the formula is ours, from the family of large-margin softmax. Unit weights: else ‖w‖ grows by λ and undoes the
 * factor. The minimum: dividing a negative logit by λ would reward the wrong side.
 *
 * @param outputs a, [n, bits], before the sign.
 * @param weights w, [classes, bits], of any length.
 * @param labels y, [n, classes], 0 and 1.
 */
export function interrelated (outputs: tf.Tensor2D, weights: tf.Tensor2D, labels: tf.Tensor2D, options: InterrelatedOptions = {}): tf.Scalar {
  const { scale = 8, sensitivity = 2, quantization = 0 } = options
  const u = tf.tanh(outputs)
  const t = tf.mul(scale / Math.sqrt(outputs.shape[1]), tf.matMul(u, unitRows(weights), false, true))
  const own = tf.minimum(tf.div(t, sensitivity), tf.mul(t, sensitivity))
  const logits = tf.add(t, tf.mul(labels, tf.sub(own, t))) as tf.Tensor2D
  const loss = softmaxCrossEntropy(logits, labels)
  return quantization === 0 ? loss : tf.add(loss, tf.mul(quantization, tf.mean(tf.square(tf.sub(tf.abs(u), 1)))))
}

/** Rows divided by their lengths. */
export function unitRows (rows: tf.Tensor2D): tf.Tensor2D {
  return tf.div(rows, tf.sqrt(tf.add(tf.sum(tf.square(rows), 1, true), 1e-12)))
}
