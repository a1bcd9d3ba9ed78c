import { Bitmap } from '../store/bitmap.js'
import type { CollectionStore, StoredItem } from '../store/collection-store.js'
import { failingPart, type ItemFilter } from './filter.js'
import type { Tie } from './total-order.js'

/** An image in the total order. */
export interface Match {
  readonly item: StoredItem
  readonly ordinal: number
  readonly tie: Tie
  /** Whether it stands behind the pages before. */
  readonly isNew: boolean
}

/** Where some will not pass, at least so many ordinals are looked up at once first; then ever more. */
const FIRST_RUN = 64
const LAST_RUN = 1024

/**
 * The images of ties, in order, that a filter lets pass, as many at once as were looked up together. What was deleted meanwhile is left out.
 *
 * @param again whether to give what stands on the pages before too.
 * @param wanted how many will be taken.
 * @param tested told how many were looked up, before they are given.
 */
export async function * matchesOf (store: CollectionStore, version: string, ties: AsyncIterable<readonly Tie[]>, again: boolean, filter: ItemFilter | undefined, wanted: number, tested: (count: number) => void): AsyncGenerator<readonly Match[], void> {
  let waiting: Omit<Match, 'item'>[] = []
  let runLength = Math.min(LAST_RUN, filter ? Math.max(FIRST_RUN, wanted) : wanted)
  const resolve = async (): Promise<Match[]> => {
    const run = waiting
    waiting = []
    runLength = Math.min(LAST_RUN, Math.max(FIRST_RUN, runLength * 2))
    tested(run.length)
    const items = await store.itemsOf(version, run.map(({ ordinal }) => ordinal))
    return run.flatMap((entry, i) => {
      const item = items[i]
      return item && (!filter || failingPart(filter, item) === undefined) ? [{ item, ...entry }] : []
    })
  }
  for await (const run of ties) {
    for (const tie of run) {
      for (let at = again ? 0 : tie.begun; at < tie.ordinals.length; at++) {
        waiting.push({ ordinal: tie.ordinals[at]!, tie, isNew: at >= tie.begun })
        if (waiting.length >= runLength) yield await resolve()
      }
    }
  }
  yield await resolve()
}

/** Which ordinals may pass: those whose image does, and those that are gone by now, for what they were is looked up alone. */
export type Accept = (ordinal: number) => boolean

/** What may pass a filter, from reading every image once: cheaper than looking up many of the codes one by one. */
export async function acceptedOfAll (store: CollectionStore, version: string, filter: ItemFilter, signal: AbortSignal | undefined): Promise<Accept> {
  const passing = new Bitmap()
  for await (const views of store.views(version)) {
    signal?.throwIfAborted()
    for (const view of views) if (failingPart(filter, view) === undefined) passing.add(view.ordinal)
  }
  return ordinal => passing.has(ordinal) || store.isRemoved(version, ordinal)
}

/**
 * What may pass a filter that asks for labels, from the sets of the images that have them.
 *
 * @param most images with a label, past which its set is not made; 0: only what is at hand.
 * @returns undefined when it asks for none, or no set is at hand or worth making.
 */
export async function acceptedOfLabelled (store: CollectionStore, version: string, { anyLabels = [], allLabels = [] }: ItemFilter, most: number, signal: AbortSignal | undefined): Promise<Accept | undefined> {
  if (anyLabels.length + allLabels.length === 0) return undefined
  const passing = await store.labelledOrdinals(version, { any: anyLabels, all: allLabels }, most, signal)
  return passing && (ordinal => passing.has(ordinal) || store.isRemoved(version, ordinal))
}
