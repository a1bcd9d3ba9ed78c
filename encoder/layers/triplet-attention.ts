import { tf } from '../tf.js'
import { convolution } from './convolution.js'
import type { Parameters } from './parameters.js'

/** The branches: each drops one axis and looks at the other two. */
const BRANCHES = [{ name: 'space', drops: 3 }, { name: 'column', drops: 1 }, { name: 'row', drops: 2 }] as const

/**
 * Attention in three branches across dimensions: height × width, width × channels and height × channels (D. Misra, T. Nalamada, A. U.
 * Arasanipalai, Q. Hou. Rotate to Attend: Convolutional Triplet Attention Module. WACV 2021). Each branch takes the largest and the mean along
 * the axis it drops, makes a gate of them (a convolution of 7 × 7 pixels with batch norm, a sigmoid), and weighs all of x by it;
 * the mean of the three comes out. It fits behind any convolution: 300 parameters learn, however many channels there are.
 *
 * Not behind a map of one pixel: a window of 7 × 7 would see nothing but border.
 *
 * @param x [n, height, width, channels]
 * @param name its parameters: `.space`, `.column` and `.row`, a convolution each.
 * @returns the shape of x.
 */
export function tripletAttention (parameters: Parameters, name: string, x: tf.Tensor4D, norm: number): tf.Tensor4D {
  const gates = BRANCHES.map(branch => {
    const seen = tf.stack([tf.max(x, branch.drops), tf.mean(x, branch.drops)], 3) as tf.Tensor4D // no axis is turned: what is left keeps its order
    const gate = tf.sigmoid(convolution(parameters, `${name}.${branch.name}`, seen, { filters: 1, size: 7, norm }))
    return tf.expandDims(tf.squeeze(gate, [3]), branch.drops)
  })
  // The sum of gates would be as large as x: x is weighed by each as it comes.
  return tf.div(tf.addN(gates.map(gate => tf.mul<tf.Tensor4D>(x, gate))), BRANCHES.length)
}
