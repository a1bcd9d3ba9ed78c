import { tf } from '../../encoder/tf.js'

/** Which pairs of a batch are similar, as 0 and 1, [n, n] each; no item is a pair with itself, and one without labels is in none. */
export interface Pairs {
  /** They share a label. */
  readonly similar: tf.Tensor2D
  /** Both have labels, none in common. */
  readonly dissimilar: tf.Tensor2D
}

/** @param labels [n, classes], 0 and 1. */
export function pairsOf (labels: tf.Tensor2D): Pairs {
  const labelled = tf.cast(tf.greater(tf.sum(labels, 1, true), 0), 'float32')
  const counted = tf.mul(tf.matMul(labelled, labelled, false, true), others(labels.shape[0]))
  const shared = tf.cast(tf.greater(tf.matMul(labels, labels, false, true), 0), 'float32')
  const similar = tf.mul(shared, counted) as tf.Tensor2D
  return { similar, dissimilar: tf.sub(counted, similar) }
}

/** 1 everywhere but on the diagonal, [n, n]. */
export function others (n: number): tf.Tensor2D {
  return tf.sub(1, tf.eye(n))
}

/** Mean of the values whose mask is 1; 0 where there are none, so that a batch without similar pairs is no NaN. */
export function meanWhere (values: tf.Tensor, mask: tf.Tensor): tf.Scalar {
  return tf.div(tf.sum(tf.mul(values, mask)), tf.maximum(1, tf.sum(mask)))
}

/** ⟨u_i, u_j⟩, [n, n]. */
export function products (outputs: tf.Tensor2D): tf.Tensor2D {
  return tf.matMul(outputs, outputs, false, true)
}

/** ‖u_i − u_j‖², [n, n], from products: a tensor of all differences would be bits times as large. */
export function squaredDistances (outputs: tf.Tensor2D): tf.Tensor2D {
  const squares = tf.sum(tf.square(outputs), 1, true)
  return tf.relu(tf.sub(tf.add(squares, tf.transpose(squares)), tf.mul(2, products(outputs))))
}
