import { tf } from '../encoder/tf.js'
import { augmented, type AugmentOptions } from './augment.js'
import type { Features } from './baselines/features.js'
import type { PixelSet } from './datasets/dataset.js'
import type { Labels } from './labels.js'
import type { Random } from './random.js'

/** What the training loop draws its batches from. */
export interface BatchSource {
  readonly count: number
  readonly labels: Labels
  /** The network's input for these items: what is random in it comes from `random` alone. The caller disposes it. */
  batch (items: Uint32Array, random: Random): tf.Tensor4D
}

/** Pictures, each changed at random whenever it comes. @param normalise u8 [n, height, width, 3] → the network's input (`encoder/pixels.ts`). */
export function pictureSource (set: PixelSet, normalise: (pixels: Uint8Array) => tf.Tensor4D, augment: AugmentOptions): BatchSource {
  let pixels = new Uint8Array()
  return {
    count: set.count,
    labels: set.labels,
    batch: (items, random) => {
      const bytes = items.length * set.width * set.height * 3
      if (pixels.length !== bytes) pixels = new Uint8Array(bytes)
      augmented(set, items, random, augment, pixels)
      return normalise(pixels)
    }
  }
}

/**
 * Features that a frozen network made once, for a hash layer that is trained on them alone: a network without stages.
 * [n, 1, 1, dims].
 *
 * @param drop share of them that is 0, drawn anew whenever an item comes; the others are divided by 1 − `drop`, so that what a layer expects
 *   stays (N. Srivastava et al. Dropout. JMLR 15, 2014). A few thousand items and as many dimensions want half. @default 0
 */
export function featureSource ({ count, dims, values }: Features, labels: Labels, drop = 0): BatchSource {
  if (!(drop >= 0 && drop < 1)) throw new RangeError(`drop is a share from 0 up to 1, got ${drop}`)
  return {
    count,
    labels,
    batch: (items, random) => {
      const own = new Float32Array(items.length * dims)
      for (const [at, item] of items.entries()) own.set(values.subarray(item * dims, (item + 1) * dims), at * dims)
      if (drop > 0) for (let at = 0; at < own.length; at++) own[at] = random.next() < drop ? 0 : own[at]! / (1 - drop)
      return tf.tensor4d(own, [items.length, 1, 1, dims])
    }
  }
}
