import { tf } from '../../encoder/tf.js'
import { meanWhere, pairsOf, products } from './pairs.js'

export interface CodeSimilarityOptions {
  /** Weight of the likelihood of label similarity; 0 ablates it. @default 1 */
  readonly labelSimilarity?: number
  /** β, weight of the Hamming embedding distance; 0 ablates it. @default 1 */
  readonly embedding?: number
  /** η, weight of mean (|u| − 1)². @default 0.1 */
  readonly quantization?: number
}

/**
 * Label similarity together with the Hamming embedding distance.
 *
 *     u = tanh(a),  p = ⟨u_i, u_j⟩,  θ = p / 2,  d = (bits − p) / 2, the Hamming distance where u is ±1
 *     J_label = mean over similar pairs of [log(1 + exp θ) − θ] + mean over dissimilar pairs of log(1 + exp θ)
 *     J_embed = mean over similar pairs of d / bits + mean over dissimilar pairs of max(0, bits / 2 − d) / bits
 *     J = J_label + β J_embed + η mean (|u| − 1)²
 *
 * Liu et al. CSDH. J. Big Data 11:54, 2024 (DOI 10.1186/s40537-024-00919-4).
 *
 * Read: the abstract, which says that the loss takes label similarities and Hamming embedding distances, on one fully connected layer
 * over a pretrained network. The formula is ours: J_label is DPSH's likelihood, content once d is some bits below
 * bits / 2; J_embed is the distance itself and goes on pulling. Similar and dissimilar pairs have means of their own, for of ten
 * classes one pair in ten is similar.
 *
 * @param outputs a, [n, bits], before the sign.
 * @param labels y, [n, classes], 0 and 1.
 */
export function codeSimilarity (outputs: tf.Tensor2D, labels: tf.Tensor2D, options: CodeSimilarityOptions = {}): tf.Scalar {
  const { labelSimilarity = 1, embedding = 1, quantization = 0.1 } = options
  const bits = outputs.shape[1]
  const u = tf.tanh(outputs)
  const { similar, dissimilar } = pairsOf(labels)
  const p = products(u)
  const theta = tf.div(p, 2)
  const far = tf.softplus(theta)
  const likelihood = tf.add(meanWhere(tf.sub(far, theta), similar), meanWhere(far, dissimilar))
  const d = tf.div(tf.sub(bits, p), 2 * bits)
  const distance = tf.add(meanWhere(d, similar), meanWhere(tf.relu(tf.sub(0.5, d)), dissimilar))
  const off = tf.mean(tf.square(tf.sub(tf.abs(u), 1)))
  return tf.addN([tf.mul(labelSimilarity, likelihood), tf.mul(embedding, distance), tf.mul(quantization, off)])
}
