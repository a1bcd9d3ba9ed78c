import { tf } from '../../encoder/tf.js'
import { others, products } from './pairs.js'

export interface LabelCosineOptions {
  /**
   * `binary` takes 1 for a shared label and 0 else: the similarity that levels are compared with. Every pair is hard then; but with `soft: 'cosine'` pairs that share some
   * of their labels keep its squared distance, to 1, so that levels are all that differs. @default 'cosine'
   */
  readonly similarity?: 'cosine' | 'binary'
  /** How pairs between the extremes count: IDHN's squared distance, ISDH's squared likelihood, or the squared distance of the codes' own cosine. @default 'idhn' */
  readonly soft?: 'idhn' | 'isdh' | 'cosine'
  /** β: θ = β p / bits. @default 5 */
  readonly steepness?: number
  /** γ: of IDHN and of the cosine it weighs the soft pairs, times bits; of ISDH the hard ones. @default 0.1, for ISDH 10 */
  readonly balance?: number
  /** Weight of mean | |u| − 1 |. @default 0.1 */
  readonly quantization?: number
}

/**
 * Similarity in several levels: two images are as similar as the cosine of their label vectors says.
 *
 *     u = a / (1 + |a|),  p = ⟨u_i, u_j⟩,  θ = β p / bits,  c = ⟨y_i, y_j⟩ / (‖y_i‖ ‖y_j‖)
 *     hard pairs, c > 0.99 or c < 0.01:  log(1 + exp θ) − c θ
 *     soft pairs:  ((p + bits) / (2 bits) − c)², times γ bits (IDHN);  or (c − σ(θ))², the hard ones times γ (ISDH);
 *                  or (p / bits − c)², times γ bits (`cosine`)
 *     J = mean over pairs + 0.1 · mean | |u| − 1 |
 *
 * Qiang et al. ICACI 2019 (DOI 10.1109/ICACI.2019.8778549): the abstract was read, which names the cosine of label vectors, several
 * levels, a residual network and fine-tuning. The formula is that of the family it belongs to: Z. Zhang, Q. Zou, Y. Lin, L. Chen, S. Wang.
 * Improved Deep Hashing with Soft Pairwise Similarity for Multi-label Image Retrieval (IDHN). TMM 2019, as its authors' code has it; ISDH is
 * its first version. IDHN by default: its optimum is a Hamming distance of bits · (1 − c), so levels lie evenly. `cosine` is ours: with hundreds of
 * labels two items that share none are half of the bits apart, and what IDHN asks of c < ½ is farther than that.
 *
 * Departures: no pair of an item with itself; items without labels are in no pair.
 *
 * @param outputs a, [n, bits], before the sign.
 * @param labels y, [n, classes], 0 and 1.
 */
export function labelCosine (outputs: tf.Tensor2D, labels: tf.Tensor2D, options: LabelCosineOptions = {}): tf.Scalar {
  const { similarity = 'cosine', soft = 'idhn', steepness = 5, balance = soft === 'isdh' ? 10 : 0.1, quantization = 0.1 } = options
  const bits = outputs.shape[1]
  const u = tf.div<tf.Tensor2D>(outputs, tf.add(1, tf.abs(outputs)))
  const p = products(u)
  const theta = tf.mul(steepness / bits, p)

  const sizes = tf.sum(labels, 1, true) // of 0s and 1s: the squared length too
  const labelled = tf.cast(tf.greater(sizes, 0), 'float32')
  const counted = tf.mul(tf.matMul(labelled, labelled, false, true), others(labels.shape[0]))
  const lengths = tf.sqrt(tf.maximum(1, tf.matMul(sizes, sizes, false, true)))
  const shared = tf.matMul(labels, labels, false, true)
  const levels = tf.div(shared, lengths)
  const cosines = similarity === 'cosine' ? levels : tf.minimum(1, shared)
  const leveled = soft === 'cosine' ? levels : cosines
  const isHard = tf.cast(tf.logicalOr(tf.greater(leveled, 0.99), tf.less(leveled, 0.01)), 'float32')

  const hard = tf.sub(tf.softplus(theta), tf.mul(cosines, theta))
  const between = soft === 'isdh'
    ? tf.square(tf.sub(cosines, tf.sigmoid(theta)))
    : tf.mul(balance * bits, tf.square(tf.sub(soft === 'idhn' ? tf.div(tf.add(p, bits), 2 * bits) : tf.div(p, bits), cosines)))
  const pair = tf.add(tf.mul(isHard, tf.mul(soft === 'isdh' ? balance : 1, hard)), tf.mul(tf.sub(1, isHard), between))
  const mean = tf.div(tf.sum(tf.mul(pair, counted)), tf.maximum(1, tf.sum(counted)))
  return tf.add(mean, tf.mul(quantization, tf.mean(tf.abs(tf.sub(tf.abs(u), 1)))))
}
