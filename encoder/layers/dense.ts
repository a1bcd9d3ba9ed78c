import { tf } from '../tf.js'
import { activate, type Activation } from './activation.js'
import { ZEROS, type Parameters } from './parameters.js'

/**
 * x · kernel + bias, then the activation.
 *
 * @param x [n, inputs]
 * @param name its parameters: `.kernel` [inputs, units] and `.bias` [units].
 */
export function dense (parameters: Parameters, name: string, x: tf.Tensor2D, units: number, activation: Activation = 'linear'): tf.Tensor2D {
  const inputs = x.shape[1]
  const kernel = parameters.get(`${name}.kernel`, [inputs, units], { kind: activation === 'linear' ? 'lecun' : 'he', fanIn: inputs }) as tf.Tensor2D
  return activate(tf.add<tf.Tensor2D>(tf.matMul(x, kernel), parameters.get(`${name}.bias`, [units], ZEROS)), activation, parameters.training)
}
