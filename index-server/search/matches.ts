import { Bitmap } from '../store/bitmap.js'
import type { CollectionStore, StoredItem } from '../store/collection-store.js'
import { failingPart, type ItemFilter } from './filter.js'
import type { Place, Tie } from './total-order.js'

/** An image in the total order. */
export interface Match {
  readonly item: StoredItem
  readonly ordinal: number
  /** Where the order goes on behind it. */
  readonly place: Place
}

/** First so many ordinals are looked up at once, then ever more. */
const FIRST_RUN = 64
const LAST_RUN = 1024

/**
 * The images of ties, in order, that a filter lets pass. What was deleted meanwhile is left out.
 *
 * @param after where to begin within the first tie.
 * @param tested told how many were looked up, before they are given.
 */
export async function * matchesOf (store: CollectionStore, version: string, ties: AsyncIterable<Tie>, after: Place | undefined, filter: ItemFilter | undefined, tested: (count: number) => void): AsyncGenerator<Match, void> {
  let waiting: { readonly ordinal: number, readonly place: Place }[] = []
  let runLength = FIRST_RUN
  const resolve = async (): Promise<Match[]> => {
    const run = waiting
    waiting = []
    runLength = Math.min(LAST_RUN, runLength * 2)
    tested(run.length)
    const items = await store.itemsOf(version, run.map(({ ordinal }) => ordinal))
    return run.flatMap((entry, i) => {
      const item = items[i]
      return item && (!filter || failingPart(filter, item) === undefined) ? [{ item, ...entry }] : []
    })
  }
  for await (const { distance, asymmetric, ordinals } of ties) {
    const begun = after?.distance === distance && after.asymmetric === asymmetric ? after.taken : 0
    for (let at = begun; at < ordinals.length; at++) {
      waiting.push({ ordinal: ordinals[at]!, place: { distance, asymmetric, taken: at + 1 } })
      if (waiting.length >= runLength) yield * await resolve()
    }
  }
  yield * await resolve()
}

/**
 * Reads every item once, and says which ordinals may pass a filter: those whose item does, and those that no item has
 * now, for their images changed meanwhile. Cheaper than looking up most of the codes one by one.
 */
export async function acceptedBy (store: CollectionStore, version: string, filter: ItemFilter, signal: AbortSignal | undefined): Promise<(ordinal: number) => boolean> {
  const known = new Bitmap()
  const passing = new Bitmap()
  for await (const run of store.items()) {
    signal?.throwIfAborted()
    for (const item of run) {
      const code = item.codes.get(version)
      if (code === undefined || 'refused' in code) continue
      known.add(code.ordinal)
      if (failingPart(filter, item) === undefined) passing.add(code.ordinal)
    }
  }
  return ordinal => passing.has(ordinal) || !known.has(ordinal)
}
