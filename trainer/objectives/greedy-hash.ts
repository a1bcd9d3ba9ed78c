import { straightThroughSign } from '../../encoder/layers/sign.js'
import { tf } from '../../encoder/tf.js'
import { softmaxCrossEntropy } from './classification.js'

/**
 * The objective of GreedyHash: classes are read from the bits themselves, and a penalty keeps outputs near them.
 *
 *     J = J_class(W b, y) + α · mean over i, k of | |a_ik| − 1 |³,   b = sign(a), its gradient that of a unchanged
 *
 * S. Su, C. Zhang, K. Han, Y. Tian. Greedy Hash: Towards Fast Optimization for Accurate Hash Coding in CNN. NeurIPS 2018. The
 * same is the objective of Fu, master's thesis, 2024, on triplet attention and greedy binary codes, of which the abstract was
 * read: "binary codes in the training phase" and "a penalty against vanishing gradients".
 *
 * Departure: sign(0) is −1, as a code counts it. Several labels share the target, y / |y|; the paper has one.
 *
 * @param outputs a, [n, bits], before the sign.
 * @param classifier W, [bits, classes]; it has no bias.
 * @param labels y, [n, classes], 0 and 1.
 * @param penalty α: the authors take 0.1 on CIFAR-10 and 1 on ImageNet. @default 0.1
 */
export function greedyHash (outputs: tf.Tensor2D, classifier: tf.Tensor2D, labels: tf.Tensor2D, penalty = 0.1): tf.Scalar {
  const logits = tf.matMul<tf.Tensor2D>(straightThroughSign(outputs), classifier)
  const off = tf.abs(tf.sub(tf.abs(outputs), 1))
  return tf.add(softmaxCrossEntropy(logits, labels), tf.mul(penalty, tf.mean(tf.mul(tf.square(off), off))))
}
