import { tf } from '../../encoder/tf.js'

/**
 * Softmax cross-entropy: mean over items of − Σ_j t_j log softmax(z)_j. With several labels the target is shared between
 * them, t = y / |y|, as OrthoHash does (Hoe et al. 2021). Items without labels count nothing.
 *
 * @param logits [n, classes]
 * @param labels [n, classes], 0 and 1.
 * @param smoothing how much of the target all classes share (C. Szegedy et al. Rethinking the Inception Architecture. CVPR 2016).
 */
export function softmaxCrossEntropy (logits: tf.Tensor2D, labels: tf.Tensor2D, smoothing = 0): tf.Scalar {
  const many = tf.sum(labels, 1, true)
  const some = tf.minimum(1, many)
  const target = tf.add(tf.mul(1 - smoothing, tf.div(labels, tf.maximum(1, many))), tf.mul(smoothing / labels.shape[1], some))
  const loss = tf.neg(tf.sum(tf.mul(target, tf.logSoftmax(logits)), 1, true))
  return tf.div(tf.sum(loss), tf.maximum(1, tf.sum(some)))
}

/**
 * Sigmoid cross-entropy: each label by itself, mean over items and labels of softplus(z) − y z, which is −log of the
 * probability of y and never overflows.
 */
export function sigmoidCrossEntropy (logits: tf.Tensor2D, labels: tf.Tensor2D): tf.Scalar {
  return tf.mean(tf.sub(tf.softplus(logits), tf.mul(labels, logits)))
}
