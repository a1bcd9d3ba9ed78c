import type { Code } from '../../hamming/code.js'
import type { Soon } from '../soon.js'

/**
 * The codes of one version, searchable. Every search is exact; what keeps them (memory, disk, both) is the
 * implementation's. The suite in test/suites/code-store.ts holds each one to a scan of everything.
 *
 * An *ordinal* is the number of a code in its version's table: given out in order of arrival, from 0, never again.
 * An image whose code changes gets a new ordinal, and the old one is removed.
 */
export interface CodeStore {
  readonly bits: number
  /** Codes that can be found now. */
  readonly count: number
  /** Grows by one with each `apply`. */
  readonly sequence: number
  /**
   * Makes changes searchable, all at once: no search sees a part of them. They are durable already: this follows the
   * write batch that holds them, in its order.
   */
  apply (changes: readonly CodeChange[]): void
  /**
   * The codes within `radius` of the query, or the nearest ones until there are `k`, or both: the nearest k of those
   * within the radius. At least one of `k` and `radius` is given. What takes long is answered later, the rest at once.
   *
   * @throws CodeWidthError for a code of another width.
   */
  search (query: CodeQuery): Soon<CodeAnswer>
  /** What finding everything within a radius is expected to take, both ways: what the planner weighs. */
  estimate (radius: number): SearchEstimate
}

export type CodeChange =
  | { readonly kind: 'add', readonly ordinal: number, readonly code: Code }
  | { readonly kind: 'remove', readonly ordinal: number, readonly code: Code }

export interface CodeQuery {
  readonly code: Code
  readonly k?: number
  readonly radius?: number | undefined
  /** As of this sequence, where the store still knows it: else `HAMMINGBIRD_PAGE_EXPIRED`. @default now */
  readonly at?: number
  /**
   * Which ordinals count: a filter, applied inside verification, so that k are found while k match. It is a set, and no
   * function, so that any thread can ask it and that asking never takes long.
   * @default all
   */
  readonly accept?: AcceptSet | undefined
  /** Gives no groups, only how many codes match. @default false */
  readonly countOnly?: boolean
  /** The groups need say only how far their codes are, and not which: a store may leave codes empty, and put all that are equally far into one group. @default false */
  readonly anonymous?: boolean
  /** Holds the store to a plan; for tests and `Explain`. @default the planner's choice */
  readonly plan?: 'probe' | 'scan'
  /** A search that is not answered at once rejects with its reason when it is aborted. @default waits to the end */
  readonly signal?: AbortSignal | undefined
}

/** Ordinals as a bitmap: o is in the set where bit `o % 32` of word `o / 32` is 1, and not where the bitmap has ended. */
export interface AcceptSet {
  /** Over a SharedArrayBuffer it reaches other threads without being copied. Unchanged while a search uses it. */
  readonly bitmap: Uint32Array
}

/** A set as the question whether an ordinal is in it. */
export function accepting (accept: AcceptSet | undefined): ((ordinal: number) => boolean) | undefined {
  if (accept === undefined) return undefined
  const { bitmap } = accept
  return ordinal => ((bitmap[ordinal >>> 5] ?? 0) >>> (ordinal & 31) & 1) === 1
}

export interface SearchEstimate {
  readonly probeMs: number
  readonly scanMs: number
}

/** Codes that are equal, found together. */
export interface CodeGroup {
  /** Empty where it was not asked for. */
  readonly code: Code
  readonly distance: number
  /** In any order. Never empty. The caller's own, as is the code. */
  readonly ordinals: ArrayLike<number>
}

export interface CodeAnswer {
  /**
   * In order of distance. With `k`, the last distance may hold more than are needed: all that are tied there are given,
   * so that the caller can order them.
   */
  readonly groups: readonly CodeGroup[]
  /** Codes that match within `radiusCovered`: those of the groups, where groups are given. */
  readonly count: number
  /** Everything that matches within this distance is in `groups`. */
  readonly radiusCovered: number
  readonly plan: 'probe' | 'scan' | 'probe-then-scan'
  readonly tables: number
  readonly buckets: number
  /** Codes compared bit by bit. */
  readonly candidates: number
}
