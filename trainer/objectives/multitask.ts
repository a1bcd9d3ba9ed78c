import { tf } from '../../encoder/tf.js'
import { sigmoidCrossEntropy, softmaxCrossEntropy } from './classification.js'
import { dsh } from './dsh.js'

export interface MultitaskOptions {
  /** Labels exclude each other: softmax; else each has a sigmoid. @default true */
  readonly exclusive?: boolean
  /** β, the weight of the contrastive loss. @default 1 / bits, which puts both losses on one scale */
  readonly contrast?: number
  /** ε, the weight of the entropy of the bits; 0 is the thesis's abstract alone. @default 0.1 */
  readonly entropy?: number
  /** How much of the target of exclusive labels all classes share. @default 0 */
  readonly smoothing?: number
  /** α of `dsh`. @default 0.01 */
  readonly quantization?: number
}

/**
 * Classification and contrastive loss on one network, both in every step: the strategy `combined`.
 *
 *     J = J_class(z, y) + β J_dsh(u, y) + ε J_entropy(u),   z = W u + b
 *     J_entropy = log 2 + mean over bits k of [ q log q + (1 − q) log(1 − q) ],  q_k = mean over i of σ(2 u_ik)
 *
 * Xie Ying. Master's thesis, 2019, on multi-task deep hashing with multi-scale features; with Zhou Shuren, Cai Biye: Deep Hashing
 * Method for Image Retrieval Based on Multi-Scale Features. J. Frontiers of Computer Science and Technology 12(12), 2018.
 *
 * Read: the abstracts and that of patent CN109165306 (order of layers: hidden, hash, classification). The formulas are ours, built
 * from what they name: DSH's loss, whose network it is, and codes "as uniformly distributed as possible by information entropy".
 *
 * @param outputs u, [n, bits], before the sign.
 * @param logits z, [n, classes].
 * @param labels y, [n, classes], 0 and 1.
 */
export function combined (outputs: tf.Tensor2D, logits: tf.Tensor2D, labels: tf.Tensor2D, options: MultitaskOptions = {}): tf.Scalar {
  return tf.add(separatedClasses(logits, labels, options), separatedCodes(outputs, labels, options))
}

/** The strategy `separated`, its steps on classes: J_class alone. The two losses never share a step. */
export function separatedClasses (logits: tf.Tensor2D, labels: tf.Tensor2D, { exclusive = true, smoothing = 0 }: MultitaskOptions = {}): tf.Scalar {
  return exclusive ? softmaxCrossEntropy(logits, labels, smoothing) : sigmoidCrossEntropy(logits, labels)
}

/** The strategy `separated`, its steps on codes: β J_dsh + ε J_entropy; the classification layer is not used. */
export function separatedCodes (outputs: tf.Tensor2D, labels: tf.Tensor2D, options: MultitaskOptions = {}): tf.Scalar {
  const { contrast = 1 / outputs.shape[1], entropy = 0.1, quantization = 0.01 } = options
  return tf.add(tf.mul(contrast, dsh(outputs, labels, quantization)), tf.mul(entropy, lostEntropy(outputs)))
}

/** What bits lack of full entropy: 0 when each is on for half of the batch, log 2 when none changes. */
export function lostEntropy (outputs: tf.Tensor2D): tf.Scalar {
  const q = tf.clipByValue(tf.mean(tf.sigmoid(tf.mul(2, outputs)), 0), 1e-6, 1 - 1e-6)
  const off = tf.sub(1, q)
  return tf.add(Math.LN2, tf.mean(tf.add(tf.mul(q, tf.log(q)), tf.mul(off, tf.log(off)))))
}
