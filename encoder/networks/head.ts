import { HammingbirdError } from '../../errors.js'
import { batchNorm } from '../layers/batch-norm.js'
import { dense } from '../layers/dense.js'
import type { Parameters } from '../layers/parameters.js'
import { tf } from '../tf.js'
import type { Settings } from './network.js'

/** What makes a code of features: the same for every network. */
export interface Head {
  /** [n, features] → [n, bits], real: a code's bits are their signs. */
  readonly outputs: (features: tf.Tensor2D, parameters: Parameters) => tf.Tensor2D
  /** [n, features] → [n, detail], to be rounded to −127 … 127: what orders ties. Undefined where the manifest has no detail. */
  readonly detail: ((features: tf.Tensor2D, parameters: Parameters) => tf.Tensor2D) | undefined
}

/**
 * A hash layer, `hash`, behind as many dense layers with ReLU, `hidden1` …, as the setting `hidden` lists units (none);
 * beside it `detail`, straight from the features. With the setting `hashNorm` at `batch` the hash layer has a batch norm for a
 * bias, which balances its bits: for a network that has batch norms itself.
 *
 * @param norm epsilon of the network's batch norms, where it has any.
 */
export function buildHead (settings: Settings, bits: number, detail: number, norm?: number): Head {
  const hidden = settings.numbers('hidden', { from: 1, to: 16384, most: 4, otherwise: [] })
  const hashNorm = settings.choice('hashNorm', ['none', 'batch'], 'none')
  if (hashNorm === 'batch' && norm === undefined) throw new HammingbirdError('HAMMINGBIRD_MODEL_INVALID', 'settings: hashNorm needs a network with batch norms')
  const hash = (x: tf.Tensor2D, p: Parameters): tf.Tensor2D => hashNorm === 'batch' && p.normed('hash') ? normedHash(x, p, bits, norm!) : dense(p, 'hash', x, bits)
  return {
    outputs: (features, p) => hash(hidden.reduce((x, units, i) => dense(p, `hidden${i + 1}`, x, units, 'relu'), features), p),
    detail: detail === 0 ? undefined : (features, p) => dense(p, 'detail', features, detail)
  }
}

/** Named as a convolution's norm is, so that it is folded away like one. */
function normedHash (x: tf.Tensor2D, p: Parameters, bits: number, norm: number): tf.Tensor2D {
  const kernel = p.get('hash.kernel', [x.shape[1], bits], { kind: 'lecun', fanIn: x.shape[1] }) as tf.Tensor2D
  const n = x.shape[0]
  return tf.reshape(batchNorm(p, 'hash', tf.reshape(tf.matMul(x, kernel), [n, 1, 1, bits]), norm), [n, bits])
}
