import * as tf from '@tensorflow/tfjs'

/**
 * Makes a registered backend of tfjs the one that computes, and has it multiply two matrices: one that loads and then
 * fails at its first product is found here, where the next in line can still take its place.
 */
export async function activate (name: 'tensorflow' | 'wasm' | 'cpu'): Promise<void> {
  tf.enableProdMode() // else the slow backends print a banner for people who did not choose them
  if (!await tf.setBackend(name)) throw new Error(`${name} did not start`)
  const product = tf.tidy(() => tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([5, 6, 7, 8], [2, 2])))
  const numbers = [...await product.data()]
  product.dispose()
  if (numbers.join() !== '19,22,43,50') throw new Error(`${name} multiplies wrongly: ${numbers.join()}`)
}
