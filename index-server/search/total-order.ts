import { asymmetricDistance } from '../../hamming/distance.js'
import type { CodeGroup } from '../store/code-store.js'
import type { CollectionStore, ItemPositions } from '../store/collection-store.js'
import type { Subject } from './image-query.js'

/** Most of the tied that are ordered by detail: each is read from disk. */
export const RANK_BUDGET = 1000

/** A place in the total order: behind so many of those at this distance and asymmetric distance. */
export interface Place {
  readonly distance: number
  readonly asymmetric: number
  readonly taken: number
}

/** Codes that neither distance tells apart, in order. */
export interface Tie {
  readonly distance: number
  readonly asymmetric: number
  readonly ordinals: readonly number[]
  /** How many of them, the first ones, are ordered by detail. */
  readonly ranked: number
}

/** Groups that neither distance tells apart. */
interface Level {
  readonly distance: number
  readonly asymmetric: number
  readonly ordinals: number[]
}

/** Most that are put in order at once, but for those that are tied. */
const LAST_RUN = 1024

/**
 * Puts what was found into the total order, the same on every replica: Hamming distance; asymmetric distance (the
 * query's real outputs against the stored bits); with `byDetail` the distance of the details, of the newest `RANK_BUDGET`
 * that are tied; of those still tied a stored image that is itself searched for; then the newest item, by the offset of the item a code was made from; then partition. No two codes of a
 * version come from one item, so ids are never needed.
 *
 * @param after begin behind this place.
 * @param wanted how many will be taken: as many come first, then ever more at once.
 */
export async function * inTotalOrder (store: CollectionStore, version: string, subject: Subject, byDetail: boolean, groups: readonly CodeGroup[], after: Place | undefined, wanted: number): AsyncGenerator<readonly Tie[], void> {
  const levels = levelsOf(groups, subject)
  let at = after ? levels.findIndex(level => compare(level, after) >= 0) : 0
  for (let most = wanted; at >= 0 && at < levels.length; most = Math.min(LAST_RUN, most * 2)) {
    const run: Level[] = []
    for (let count = 0; at < levels.length && count < most; at++) {
      run.push(levels[at]!)
      count += levels[at]!.ordinals.length
    }
    yield await tiesOf(store, version, subject, byDetail, run)
  }
}

/** Below 0 when `a` is nearer. */
export function compare (a: Pick<Place, 'distance' | 'asymmetric'>, b: Pick<Place, 'distance' | 'asymmetric'>): number {
  return a.distance - b.distance || a.asymmetric - b.asymmetric
}

/** What is found is copied here and now: groups are good until the store changes. */
function levelsOf (groups: readonly CodeGroup[], { outputs }: Subject): Level[] {
  const levels: Level[] = []
  const nearest = groups
    .map(({ code, distance, ordinals }) => ({ distance, asymmetric: outputs ? asymmetricDistance(outputs, code) : 0, ordinals: Array.from(ordinals) }))
    .sort(compare)
  for (const group of nearest) {
    const last = levels.at(-1)
    if (last && compare(last, group) === 0) for (const ordinal of group.ordinals) last.ordinals.push(ordinal)
    else levels.push(group)
  }
  return levels
}

async function tiesOf (store: CollectionStore, version: string, { detail, ordinal: own }: Subject, byDetail: boolean, levels: readonly Level[]): Promise<Tie[]> {
  const tied = levels.flatMap(({ ordinals }) => ordinals.length > 1 ? ordinals : [])
  const positions = tied.length === 0 ? undefined : await store.positionsOf(version, tied)
  const ties: Tie[] = []
  let first = 0
  for (const { distance, asymmetric, ordinals } of levels) {
    if (!positions || ordinals.length === 1) {
      ties.push({ distance, asymmetric, ordinals, ranked: 0 })
      continue
    }
    const newestFirst = inOrderOf(positions, first, ordinals, own)
    first += ordinals.length
    ties.push({ distance, asymmetric, ...byDetail && detail ? await rankedBy(detail, store, version, newestFirst) : { ordinals: newestFirst, ranked: 0 } })
  }
  return ties
}

/** The one that is searched for, then the newest. @param first where the positions of the ordinals begin. */
function inOrderOf ({ offsets, partitions }: ItemPositions, first: number, ordinals: readonly number[], own: number | undefined): number[] {
  const order = ordinals
    .map((_, i) => first + i)
    .sort((a, b) => offsets[b]! - offsets[a]! || partitions[a]! - partitions[b]!)
    .map(i => ordinals[i - first]!)
  const at = own === undefined ? -1 : order.indexOf(own)
  if (at > 0) order.unshift(...order.splice(at, 1))
  return order
}

async function rankedBy (detail: Uint8Array, store: CollectionStore, version: string, newestFirst: readonly number[]): Promise<Pick<Tie, 'ordinals' | 'ranked'>> {
  const newest = newestFirst.slice(0, RANK_BUDGET)
  const details = await store.detailsOf(version, newest)
  // Without a detail it stands behind all that have one. Sorting keeps the order of equals: the newest first.
  const ranked = newest
    .map((ordinal, i) => ({ ordinal, apart: details[i] ? detailDistance(detail, details[i]) : Number.MAX_VALUE }))
    .sort((a, b) => a.apart - b.apart)
  return { ordinals: [...ranked.map(({ ordinal }) => ordinal), ...newestFirst.slice(RANK_BUDGET)], ranked: newest.length }
}

/** The square of the Euclidean distance of two lists of int8. */
export function detailDistance (a: Uint8Array, b: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < Math.min(a.length, b.length); i++) sum += ((a[i]! << 24 >> 24) - (b[i]! << 24 >> 24)) ** 2
  return sum
}
