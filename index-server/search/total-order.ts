import { asymmetricDistance } from '../../hamming/distance.js'
import type { CodeGroup } from '../store/code-store.js'
import type { CollectionStore } from '../store/collection-store.js'
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

/**
 * Puts what was found into the total order, the same on every replica: Hamming distance; asymmetric distance (the
 * query's real outputs against the stored bits); with `byDetail` the distance of the details, of the newest `RANK_BUDGET`
 * that are tied; then the newest item, by the offset of the item a code was made from; then partition. No two codes of a
 * version come from one item, so ids are never needed.
 *
 * @param after begin behind this place.
 */
export async function * inTotalOrder (store: CollectionStore, version: string, subject: Subject, byDetail: boolean, groups: readonly CodeGroup[], after: Place | undefined): AsyncGenerator<Tie, void> {
  for (const level of levelsOf(groups, subject)) {
    if (after && compare(level, after) < 0) continue
    yield await tieOf(store, version, subject, byDetail, level)
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

async function tieOf (store: CollectionStore, version: string, { detail }: Subject, byDetail: boolean, { distance, asymmetric, ordinals }: Level): Promise<Tie> {
  if (ordinals.length === 1) return { distance, asymmetric, ordinals, ranked: 0 }
  const { offsets, partitions } = await store.positionsOf(version, ordinals)
  const order = ordinals.map((_, i) => i).sort((a, b) => offsets[b]! - offsets[a]! || partitions[a]! - partitions[b]!)
  const newestFirst = order.map(i => ordinals[i]!)
  if (!byDetail || !detail) return { distance, asymmetric, ordinals: newestFirst, ranked: 0 }
  const newest = newestFirst.slice(0, RANK_BUDGET)
  const details = await store.detailsOf(version, newest)
  // Without a detail it stands behind all that have one. Sorting keeps the order of equals: the newest first.
  const ranked = newest
    .map((ordinal, i) => ({ ordinal, apart: details[i] ? detailDistance(detail, details[i]) : Number.MAX_VALUE }))
    .sort((a, b) => a.apart - b.apart)
  return { distance, asymmetric, ordinals: [...ranked.map(({ ordinal }) => ordinal), ...newestFirst.slice(RANK_BUDGET)], ranked: newest.length }
}

/** The square of the Euclidean distance of two lists of int8. */
export function detailDistance (a: Uint8Array, b: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < Math.min(a.length, b.length); i++) sum += ((a[i]! << 24 >> 24) - (b[i]! << 24 >> 24)) ** 2
  return sum
}
