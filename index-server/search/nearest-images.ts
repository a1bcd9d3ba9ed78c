import type { Code } from '../../hamming/code.js'
import { whenHere, type Caller, type Soon } from '../soon.js'
import type { CodeAnswer, CodeQuery } from '../store/code-store.js'
import type { CollectionStore, StoredCode } from '../store/collection-store.js'
import type { Show } from '../store/shown-images.js'
import { ask, assertSubject, type ImageQuery, type Subject } from './image-query.js'
import { nearestInOrder } from './total-order.js'

/** More than so many, tied at the last distance, are put in order with pauses. */
const MOST_TIED = 12_288

/** What images are shown as, the nearest first. */
export interface NearestImages {
  /** Good until something is awaited. */
  readonly rows: readonly Uint8Array[]
  /** Of the row in the same place. */
  readonly distances: readonly number[]
  /** Every match within this distance is among them; -1 when not even all at distance 0 are. */
  readonly radiusCovered: number
  readonly search: Omit<CodeAnswer, 'groups' | 'count' | 'radiusCovered'>
}

/**
 * The k nearest images on one page, where nothing but distance and position orders them: the same as `searchImages` finds, and
 * there at once when the search is quick and they were shown lately.
 *
 * @param show as `CollectionStore.shownOf` takes it.
 * @returns undefined for another kind of search, where very many are tied, and when an image has gone meanwhile: `searchImages` knows how.
 * @throws at once or later what `searchImages` rejects with.
 */
export function nearestImages (store: CollectionStore, { version, subject }: { readonly version: string, readonly subject: Subject }, query: ImageQuery, show: Show, caller: Caller): Soon<NearestImages | undefined> {
  const codes = store.codes(version)
  assertSubject(subject, codes.bits)
  const { k, radius, filter, pageSize, countOnly, collapse, rank } = ask(query, codes.bits)
  if (countOnly || collapse || filter || k > pageSize || (rank === 'detail' && subject.detail)) return undefined
  return whenHere(codes.search(new NearestQuery(subject, k, radius, caller)), ({ groups, count, radiusCovered, plan, tables, buckets, candidates }) =>
    count > MOST_TIED ? undefined : whenHere(nearestInOrder({ store, version, subject }, groups, k), ({ ordinals, distances, next }) =>
      whenHere(store.shownOf(version, ordinals, show), rows => isWhole(rows)
        ? { rows, distances, radiusCovered: next === undefined ? radiusCovered : next - 1, search: { plan, tables, buckets, candidates } }
        : undefined)))
}

/** A class for the sake of its getter: who is answered at once needs no signal, and an object with a getter of its own costs a hidden class. */
class NearestQuery implements CodeQuery {
  readonly code: Code
  readonly anonymous: boolean
  readonly #caller: Caller

  constructor ({ code, outputs }: Subject, readonly k: number, readonly radius: number | undefined, caller: Caller) {
    this.code = code
    this.anonymous = outputs === undefined
    this.#caller = caller
  }

  get signal (): AbortSignal | undefined {
    return this.#caller.signal
  }
}

/** Whether an image was found by a code that is not of its newest item. */
export function isStale (code: StoredCode | undefined, ordinal: number): boolean {
  return code === undefined || !('ordinal' in code) || code.ordinal !== ordinal || code.stale
}

function isWhole (rows: readonly (Uint8Array | undefined)[]): rows is readonly Uint8Array[] {
  return !rows.includes(undefined)
}
