import type { FeatureSession } from '../encoder/features.js'
import { tf } from '../encoder/tf.js'
import type { HashNetwork } from '../encoder/networks/networks.js'
import { buildHead } from '../encoder/networks/head.js'
import { Settings } from '../encoder/networks/network.js'
import type { Features } from './baselines/features.js'
import type { PixelSet } from './datasets/dataset.js'
import { resized } from './resize.js'

const AT_ONCE = 64

/**
 * What a pretrained network, left as it is, sees in a set: computed once, for a hash layer that is trained on it.
 *
 * @param input the size its pictures must have: others are scaled to it.
 * @param onDone told after every few pictures how many are done.
 */
export async function frozenFeatures (session: FeatureSession, set: PixelSet, input: { readonly width: number, readonly height: number }, onDone?: (done: number) => void): Promise<Features> {
  const values = new Float32Array(set.count * session.features)
  for (let from = 0; from < set.count; from += AT_ONCE) {
    const count = Math.min(AT_ONCE, set.count - from)
    values.set(await session.extract(resized(set, from, count, input), count), from * session.features)
    onDone?.(from + count)
  }
  return { count: set.count, dims: session.features, values }
}

/** How features are brought to one scale: each dimension less its mean, all divided by one deviation. */
export interface FeatureScale {
  readonly mean: Float64Array
  readonly deviation: number
}

/** Measured on what is trained on, and on nothing else. */
export function scaleOf ({ count, dims, values }: Features): FeatureScale {
  const mean = new Float64Array(dims)
  for (let at = 0; at < values.length; at++) mean[at % dims]! += values[at]! / count
  let squares = 0
  for (let at = 0; at < values.length; at++) squares += (values[at]! - mean[at % dims]!) ** 2
  return { mean, deviation: Math.sqrt(squares / values.length) || 1 }
}

export function scaled ({ count, dims, values }: Features, { mean, deviation }: FeatureScale): Features {
  return { count, dims, values: Float32Array.from(values, (value, at) => (value - mean[at % dims]!) / deviation) }
}

/** A network of a head alone, over features. @param settings of the head. */
export function headNetwork (dims: number, bits: number, settings: Readonly<Record<string, unknown>>): HashNetwork {
  const read = new Settings(settings, 'the hash layer')
  const head = buildHead(read, bits, 0, 1e-5)
  read.done()
  return { backbone: { features: dims, stages: [{ name: 'features', run: x => tf.reshape(x, [x.shape[0]!, dims]) }] }, head }
}
