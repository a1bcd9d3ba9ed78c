import { dense } from '../layers/dense.js'
import type { Parameters } from '../layers/parameters.js'
import type { tf } from '../tf.js'
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
 * beside it `detail`, straight from the features.
 */
export function buildHead (settings: Settings, bits: number, detail: number): Head {
  const hidden = settings.numbers('hidden', { from: 1, to: 16384, most: 4, otherwise: [] })
  return {
    outputs: (features, p) => dense(p, 'hash', hidden.reduce((x, units, i) => dense(p, `hidden${i + 1}`, x, units, 'relu'), features), bits),
    detail: detail === 0 ? undefined : (features, p) => dense(p, 'detail', features, detail)
  }
}
