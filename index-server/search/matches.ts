import { breathing } from '../breathing.js'
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
export async function * matchesOf (store: CollectionStore, version: string, ties: AsyncIterable<readonly Tie[]>, again: boolean, filter: ItemFilter | undefined, wanted: number, tested: (count: number) => void, signal?: AbortSignal): AsyncGenerator<readonly Match[], void> {
  const breathe = breathing(signal)
  let waiting: Omit<Match, 'item'>[] = []
  let runLength = Math.min(LAST_RUN, filter ? Math.max(FIRST_RUN, wanted) : wanted)
  const resolve = async (): Promise<Match[]> => {
    const run = waiting
    waiting = []
    runLength = Math.min(LAST_RUN, Math.max(FIRST_RUN, runLength * 2))
    tested(run.length)
    await breathe()
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
