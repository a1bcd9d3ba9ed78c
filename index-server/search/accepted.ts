import { breathing } from '../breathing.js'
import { AcceptSetBuilder } from '../store/accept-set.js'
import type { AcceptSet } from '../store/code-store.js'
import type { CollectionStore } from '../store/collection-store.js'
import type { OrdinalSet } from '../store/label-sets.js'
import { failingPart, type ItemFilter } from './filter.js'

/*
 * What may pass a filter, as a set of ordinals: those whose image does, and those that are gone by now, for what they were is
 * looked up alone. A set is made once for a search, bit by bit and with pauses; asking it then takes no more than a
 * look into memory, in any thread.
 */

/** Ordinals of a label that are looked through at a time, and those that are gone. */
const RANGE = 2 ** 17
const RUN = 8192

/** From reading every image once: cheaper than looking up many of the codes one by one. */
export async function acceptedOfAll (store: CollectionStore, version: string, filter: ItemFilter, signal: AbortSignal | undefined): Promise<AcceptSet> {
  const passing = new AcceptSetBuilder()
  const breathe = breathing(signal)
  for await (const views of store.views(version)) {
    for (const view of views) if (failingPart(filter, view) === undefined) passing.add(view.ordinal)
    await breathe()
  }
  return withRemoved(store, version, passing, signal)
}

/**
 * From the sets of the images that have labels, where the filter asks for any.
 *
 * @param most images with a label, past which its set is not made; 0: only what is at hand.
 * @returns undefined when it asks for none, or no set is at hand or worth making.
 */
export async function acceptedOfLabelled (store: CollectionStore, version: string, { anyLabels = [], allLabels = [] }: ItemFilter, most: number, signal: AbortSignal | undefined): Promise<AcceptSet | undefined> {
  if (anyLabels.length + allLabels.length === 0) return undefined
  const labelled = await store.labelledOrdinals(version, { any: anyLabels, all: allLabels }, most, signal)
  if (labelled === undefined) return undefined
  return withRemoved(store, version, new AcceptSetBuilder(await bitsOf(labelled, signal)), signal)
}

/** The bits of sets that were asked for before: a set only grows, so one of the same size is the same. */
const known = new WeakMap<OrdinalSet, { readonly size: number, readonly bits: AcceptSetBuilder }>()

async function bitsOf (set: OrdinalSet, signal: AbortSignal | undefined): Promise<AcceptSetBuilder> {
  const { size } = set
  const held = known.get(set)
  if (held?.size === size) return held.bits
  const bits = new AcceptSetBuilder()
  const breathe = breathing(signal)
  const end = set.maximum() + 1
  for (let from = 0; from < end; from += RANGE) {
    bits.addAll(set.rangeUint32Array(from, Math.min(end, from + RANGE)))
    await breathe()
  }
  known.set(set, { size, bits })
  return bits
}

/** Those that are gone are asked for last: what went while the images were read is among them. */
async function withRemoved (store: CollectionStore, version: string, passing: AcceptSetBuilder, signal: AbortSignal | undefined): Promise<AcceptSet> {
  const breathe = breathing(signal)
  let count = 0
  for (const ordinal of store.removedLately(version)) {
    passing.add(ordinal)
    if (++count % RUN === 0) await breathe()
  }
  return passing.set()
}
