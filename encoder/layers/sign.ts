import { tf } from '../tf.js'

/**
 * +1 or −1 forward (−1 at 0, as a code counts it), and the gradient straight through, as if nothing had happened
 * (Bengio et al. 2013). tfjs's own sign has no gradient at all.
 */
export function straightThroughSign<T extends tf.Tensor> (x: T): T {
  return tf.customGrad(x => ({
    value: tf.sub(tf.mul(tf.cast(tf.greater(x as tf.Tensor, 0), 'float32'), 2), 1),
    gradFunc: (dy: tf.Tensor) => dy
  }))(x) as T
}
