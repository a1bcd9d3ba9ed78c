import { tf } from '../../encoder/tf.js'
import { softmaxCrossEntropy } from './classification.js'
import { unitRows } from './interrelated.js'

/**
 * Softmax with a margin on angles: an image's angle to its class counts m times.
 *
 *     z_iy = ‖w_y‖ ‖u_i‖ ((−1)^k cos(mθ) − 2k),  kπ/m ≤ θ ≤ (k+1)π/m;   z_ij = ‖w_j‖ ‖u_i‖ cos θ_j;   u = tanh(a)
 *     z ← (anneal · plain + z) / (1 + anneal)
 *
 * W. Liu, Y. Wen, Z. Yu, M. Yang. Large-Margin Softmax Loss for Convolutional Neural Networks. ICML 2016. cos(mθ) is the Chebyshev
 * polynomial T_m(cos θ); k is a constant for the gradient. Beside `interrelated` to compare with: a published loss of its family.
 *
 * @param outputs a, [n, bits], before the sign.
 * @param weights w, [classes, bits].
 * @param labels y, [n, classes], 0 and 1.
 * @param multiple m, a whole number. @default 2
 * @param anneal 0 is the loss itself. @default 0
 */
export function largeMargin (outputs: tf.Tensor2D, weights: tf.Tensor2D, labels: tf.Tensor2D, multiple = 2, anneal = 0): tf.Scalar {
  const u = tf.tanh(outputs)
  const plain = tf.matMul(u, weights, false, true)
  const cosines = tf.clipByValue(tf.matMul(unitRows(u), unitRows(weights), false, true), -1 + 1e-7, 1 - 1e-7)
  let [before, power] = [tf.onesLike(cosines), cosines as tf.Tensor]
  for (let m = 1; m < multiple; m++) [before, power] = [power, tf.sub(tf.mul(2, tf.mul(cosines, power)), before)]
  const turns = tf.floor(tf.mul(multiple / Math.PI, tf.acos(cosines)))
  const signs = tf.sub(1, tf.mul(2, tf.mod(turns, 2)))
  const psi = tf.sub(tf.mul(signs, power), tf.mul(2, turns))
  const lengths = tf.matMul(lengthsOf(u), lengthsOf(weights), false, true)
  const own = tf.div(tf.add(tf.mul(anneal, plain), tf.mul(lengths, psi)), 1 + anneal)
  return softmaxCrossEntropy(tf.add(plain, tf.mul(labels, tf.sub(own, plain))), labels)
}

function lengthsOf (rows: tf.Tensor2D): tf.Tensor2D {
  return tf.sqrt(tf.add(tf.sum(tf.square(rows), 1, true), 1e-12))
}
