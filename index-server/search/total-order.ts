import { STEPS_AT_ONCE, type Breathe } from '../breathing.js'
import { whenHere, type Soon } from '../soon.js'
import type { CodeGroup } from '../store/code-store.js'
import type { CollectionStore, ItemPositions } from '../store/collection-store.js'
import type { Subject } from './image-query.js'
import { compare, levelsByDistance, levelsOf, type Level } from './levels.js'
import { Tied, comparePositions, inOrder, type Position } from './tied.js'

/** Most of the tied that are ordered by detail: each is read from disk. */
export const RANK_BUDGET = 1000

/** The place of one code in the total order, whatever stands beside it: what is tied with it may be known in part. */
export interface Place extends Position {
  readonly distance: number
  readonly asymmetric: number
  /** The distance of the details; 0 where none are compared, `Infinity` behind all that are ordered by detail. */
  readonly apart: number
  /** Of its tie the oldest that is ordered by detail; `undefined` when all are. */
  readonly floor: Position | undefined
}

/** Codes that neither distance tells apart, in order. */
export interface Tie {
  readonly distance: number
  readonly asymmetric: number
  readonly ordinals: readonly number[]
  /** How many of them, the first ones, do not stand behind the place that was given. Those need be in no order. */
  readonly begun: number
  /** How many of them, the first ones, are ordered by detail. */
  readonly ranked: number
  /** The oldest that is ordered by detail; `undefined` when all are. */
  readonly floor: Position | undefined
}

/** What is put in order, and how. */
export interface Ordering {
  readonly store: CollectionStore
  readonly version: string
  readonly subject: Subject
  readonly byDetail: boolean
  /** Where the pages before ended. */
  readonly place: Place | undefined
  /** Which of some ordinals pass the filter; `undefined` when there is none. */
  readonly passing: ((ordinals: readonly number[]) => Promise<readonly boolean[]>) | undefined
  /** Awaited now and then. */
  readonly breathe: Breathe
}

/** Most that are put in order at once, but for those that are tied. */
const LAST_RUN = 1024

/** More than any offset: rows keep them in 48 bits. */
const OWN_OFFSET = Number.MAX_SAFE_INTEGER

/**
 * Puts what was found into the total order, the same on every replica: Hamming distance; asymmetric distance (the
 * query's real outputs against the stored bits); with `byDetail` the distance of the details, of the newest `RANK_BUDGET`
 * that are tied and pass the filter; of those still tied a stored image that is itself searched for; then the newest item,
 * by the offset of the item a code was made from; then partition. No two codes of a version come from one item, so ids are
 * never needed.
 *
 * The order of what passes depends neither on what else was found nor on the page: within the tie of `place` as many
 * are ordered by detail as when `place` was given.
 *
 * @param from the first level that is wanted.
 * @param wanted how many will be taken: as many come first, then ever more at once.
 */
export async function * inTotalOrder (ordering: Ordering, groups: readonly CodeGroup[], from: Pick<Place, 'distance' | 'asymmetric'> | undefined, wanted: number): AsyncGenerator<readonly Tie[], void> {
  let run: Level[] = []
  let count = 0
  let most = wanted
  for await (const levels of levelsByDistance(groups, ordering.subject, ordering.breathe)) {
    for (const level of levels) {
      if (from && compare(level, from) < 0) continue
      run.push(level)
      count += level.ordinals.length
      if (count < most) continue
      yield await tiesOf(ordering, run)
      run = []
      count = 0
      most = Math.min(LAST_RUN, most * 2)
    }
  }
  if (run.length > 0) yield await tiesOf(ordering, run)
}

/** The first in the total order of a search that orders nothing by detail. */
export interface Nearest {
  readonly ordinals: readonly number[]
  readonly distances: readonly number[]
  /** How far the next one is. */
  readonly next: number | undefined
}

/** The same order as `inTotalOrder` without detail, of the first ones only: at once, where the positions of what is tied are at hand. */
export function nearestInOrder ({ store, version, subject }: Pick<Ordering, 'store' | 'version' | 'subject'>, groups: readonly CodeGroup[], wanted: number): Soon<Nearest> {
  const levels = levelsOf(groups, subject)
  const tied: number[] = []
  let count = 0
  let end = 0
  for (; end < levels.length && count < wanted; end++) {
    const { ordinals } = levels[end]!
    count += ordinals.length
    if (ordinals.length > 1) for (let i = 0; i < ordinals.length; i++) tied.push(ordinals[i]!)
  }
  return whenHere(positionsOfTied(store, version, subject, tied), positions => {
    const ordinals: number[] = []
    const distances: number[] = []
    let first = 0
    for (let at = 0; at < end; at++) {
      const level = levels[at]!
      const { length } = level.ordinals
      const order = length > 1 && positions ? inOrder(positions, first, length) : undefined
      for (let i = 0; i < length && ordinals.length < wanted; i++) {
        ordinals.push(order ? tied[order[i]!]! : level.ordinals[i]!)
        distances.push(level.distance)
      }
      if (order) first += length
    }
    return { ordinals, distances, next: levels[count > wanted ? end - 1 : end]?.distance }
  })
}

/** The place of one of a tie. */
export async function placeOf ({ store, version, subject, byDetail }: Omit<Ordering, 'place' | 'passing' | 'breathe'>, { distance, asymmetric, floor }: Tie, ordinal: number): Promise<Place> {
  const { offsets, partitions } = await store.positionsOf(version, [ordinal])
  const position = { offset: ordinal === subject.ordinal ? OWN_OFFSET : offsets[0]!, partition: partitions[0]! }
  const place = { distance, asymmetric, ...position, floor }
  if (!byDetail || !subject.detail) return { ...place, apart: 0 }
  if (floor && comparePositions(position, floor) > 0) return { ...place, apart: Infinity }
  const [detail] = await store.detailsOf(version, [ordinal])
  return { ...place, apart: apartOf(subject.detail, detail) }
}

async function tiesOf (ordering: Ordering, levels: readonly Level[]): Promise<Tie[]> {
  const { store, version, subject, place, breathe } = ordering
  const isBefore = (level: Level): boolean => place !== undefined && compare(level, place) < 0
  const isOfPlace = (level: Level): boolean => place !== undefined && compare(level, place) === 0
  const isOrdered = (level: Level): boolean => isOfPlace(level) || (level.ordinals.length > 1 && !isBefore(level))
  const ordered = levels.filter(isOrdered)
  const tied = ordered.length === 1 ? ordered[0]!.ordinals : ordered.flatMap(level => level.ordinals)
  const positions = tied.length > STEPS_AT_ONCE ? await manyPositions(ordering, tied) : await positionsOfTied(store, version, subject, tied)
  const ties: Tie[] = []
  let first = 0
  for (const level of levels) {
    if (!positions || !isOrdered(level)) {
      ties.push({ ...level, begun: isBefore(level) ? level.ordinals.length : 0, ranked: 0, floor: undefined })
      continue
    }
    ties.push(await tieOf(ordering, level, await Tied.of(level.ordinals, positions, first, breathe), isOfPlace(level) ? place : undefined))
    first += level.ordinals.length
  }
  return ties
}

/** Undefined when nothing is tied. */
function positionsOfTied (store: CollectionStore, version: string, { ordinal: own }: Subject, tied: readonly number[]): Soon<ItemPositions | undefined> {
  if (tied.length === 0) return undefined
  return whenHere(store.positionsOf(version, tied), positions => {
    const ownAt = own === undefined ? -1 : tied.indexOf(own)
    if (ownAt >= 0) positions.offsets[ownAt] = OWN_OFFSET
    return positions
  })
}

/** The same of many, some at a time. */
async function manyPositions ({ store, version, subject, breathe }: Ordering, tied: readonly number[]): Promise<ItemPositions> {
  const all: ItemPositions & { readonly partitions: number[] } = { partitions: [], offsets: [] }
  for (let from = 0; from < tied.length; from += STEPS_AT_ONCE) {
    const { partitions, offsets } = (await positionsOfTied(store, version, subject, tied.slice(from, from + STEPS_AT_ONCE)))!
    all.partitions.push(...partitions)
    all.offsets.push(...offsets)
    await breathe()
  }
  return all
}

async function tieOf (ordering: Ordering, level: Level, tied: Tied, place: Place | undefined): Promise<Tie> {
  const { store, version, subject, byDetail } = ordering
  if (!byDetail || !subject.detail) {
    const ordinals = await tied.ordinals(ordering.breathe)
    return { ...level, ordinals, begun: place ? tied.upTo(place) : 0, ranked: 0, floor: undefined }
  }
  const { detail } = subject
  const { ranked, reached, floor } = await rankedOf(ordering, tied, place)
  const details = await store.detailsOf(version, ranked.map(at => tied.ordinal(at)))
  // Sorting keeps the order of equals: the newest first.
  const near = ranked.map((at, i) => ({ at, apart: apartOf(detail, details[i]) })).sort((a, b) => a.apart - b.apart)
  const behind = Array.from({ length: tied.length - reached }, (_, i) => ({ at: reached + i, apart: Infinity }))
  const order = [...near, ...behind]
  const begun = place ? order.findIndex(({ at, apart }) => apart > place.apart || (apart === place.apart && comparePositions(tied.position(at), place) > 0)) : 0
  return { ...level, ordinals: order.map(({ at }) => tied.ordinal(at)), begun: begun < 0 ? order.length : begun, ranked: ranked.length, floor }
}

/**
 * Those that are ordered by detail. When there are more than the budget, only what passes the filter counts: else it would
 * hang on what the search had left out already who is among them.
 *
 * @returns which they are; how many had been gone through then: of these the others are not to be given.
 */
async function rankedOf ({ passing, breathe }: Ordering, tied: Tied, place: Place | undefined): Promise<{ readonly ranked: readonly number[], readonly reached: number, readonly floor: Position | undefined }> {
  const end = place?.floor ? tied.upTo(place.floor) : tied.length
  const most = place ? Infinity : RANK_BUDGET
  const ranked: number[] = []
  let reached = 0
  while (reached < end && ranked.length < most) {
    await breathe()
    const run = Array.from({ length: Math.min(RANK_BUDGET, end - reached) }, (_, i) => reached + i)
    const passes = passing && tied.length > RANK_BUDGET ? await passing(run.map(at => tied.ordinal(at))) : undefined
    for (const [i, at] of run.entries()) {
      if (ranked.length >= most) break
      reached = at + 1
      if (!passes || passes[i]) ranked.push(at)
    }
  }
  const last = ranked.at(-1)
  return { ranked, reached, floor: place ? place.floor : reached < tied.length && last !== undefined ? tied.position(last) : undefined }
}

/** Without a detail it stands behind all that have one. */
function apartOf (detail: Uint8Array, other: Uint8Array | undefined): number {
  return other ? detailDistance(detail, other) : Number.MAX_VALUE
}

/** The square of the Euclidean distance of two lists of int8. */
export function detailDistance (a: Uint8Array, b: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < Math.min(a.length, b.length); i++) sum += ((a[i]! << 24 >> 24) - (b[i]! << 24 >> 24)) ** 2
  return sum
}
