import { breathing, counting } from '../breathing.js'
import { AcceptSetBuilder } from '../store/accept-set.js'
import type { AcceptSet } from '../store/code-store.js'
import type { CollectionStore } from '../store/collection-store.js'
import type { OrdinalSet } from '../store/label-sets.js'
import { failingPart, type ItemFilter } from './filter.js'

/*
 * What may pass a filter, as a set of ordinals: those whose image does, and those that are gone since the search's moment, for
 * what they were is looked up alone. A set is made once for a search, bit by bit and with pauses; asking it then takes no
 * more than a look into memory, in any thread.
 */

/** The search that a set is made for. */
export interface FilteredSearch {
  readonly store: CollectionStore
  readonly version: string
  readonly filter: ItemFilter
  /** The moment it is pinned to. */
  readonly sequence: number
  readonly signal: AbortSignal | undefined
}

/** Ordinals of a label that are looked through at a time. */
const RANGE = 2 ** 17

/** From reading every image once: cheaper than looking up many of the codes one by one. */
export async function acceptedOfAll (search: FilteredSearch): Promise<AcceptSet> {
  const { store, version, filter, signal } = search
  const passing = new AcceptSetBuilder()
  const breathe = breathing(signal)
  for await (const views of store.views(version)) {
    for (const view of views) if (failingPart(filter, view) === undefined) passing.add(view.ordinal)
    await breathe()
  }
  return withRemoved(search, passing)
}

/**
 * From the sets of the images that have labels, where the filter asks for any.
 *
 * @param most images with a label, past which its set is not made; 0: only what is at hand.
 * @returns undefined when it asks for none, or no set is at hand or worth making.
 */
export async function acceptedOfLabelled (search: FilteredSearch, most: number): Promise<AcceptSet | undefined> {
  const { store, version, filter: { anyLabels = [], allLabels = [] }, signal } = search
  if (anyLabels.length + allLabels.length === 0) return undefined
  const labelled = await store.labelledOrdinals(version, { any: anyLabels, all: allLabels }, most, signal)
  if (labelled === undefined) return undefined
  return withRemoved(search, new AcceptSetBuilder(await bitsOf(labelled, signal)))
}

/** The bits of sets that were asked for before: a set only grows, so one of the same size is the same. */
const known = new WeakMap<OrdinalSet, { readonly size: number, readonly bits: AcceptSet }>()

async function bitsOf (set: OrdinalSet, signal: AbortSignal | undefined): Promise<AcceptSet> {
  const { size } = set
  const held = known.get(set)
  if (held?.size === size) return held.bits
  const builder = new AcceptSetBuilder()
  const breathe = breathing(signal)
  const end = set.maximum() + 1
  for (let from = 0; from < end; from += RANGE) {
    builder.addAll(set.rangeUint32Array(from, Math.min(end, from + RANGE)))
    await breathe()
  }
  const bits = builder.set()
  known.set(set, { size, bits })
  return bits
}

/** Those that are gone are asked for last: what went while the images were read is among them. */
async function withRemoved ({ store, version, sequence, signal }: FilteredSearch, passing: AcceptSetBuilder): Promise<AcceptSet> {
  const breathe = breathing(signal)
  const isTime = counting()
  for (const ordinal of store.removedSince(version, sequence)) {
    passing.add(ordinal)
    if (isTime()) await breathe()
  }
  return passing.set()
}
