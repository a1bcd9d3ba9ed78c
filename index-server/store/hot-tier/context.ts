import type { Code } from '../../../hamming/code.js'
import { CONTEXT, FOUND, NO_LIMIT, QUERY, SLAB_AT } from './layout.js'
import type { Selection } from './selection.js'
import type { Slab } from './slab.js'

/** What is asked of every slab alike. */
export interface Asked {
  readonly code: Code
  readonly k: number | undefined
  readonly sequence: number
  readonly ordinalsEnd: number
  readonly checks: number
}

/** How long probing may go on, in nanoseconds of the slab's own estimate. */
export interface Limits {
  /** What a scan would cost, and what may be lost by trying to do better. */
  readonly scanNs: number
  readonly gambleNs: number
}

/**
 * One thread's place in a slab's memory, where it searches. It holds one search at a time: one that must wait is taken
 * out (`suspend`) and put back later, here or in another thread's place.
 */
export class Context {
  readonly #at: number
  #resumedBuckets = 0
  #resumedCandidates = 0

  constructor (readonly slab: Slab, thread: number) {
    this.#at = slab.contextAt(thread)
  }

  begin (asked: Asked, reach: number, limits: Limits): void {
    const { slab } = this
    slab.writeCode(this.#at + CONTEXT.code, asked.code)
    this.#set(QUERY.k, Math.min(asked.k ?? NO_LIMIT, NO_LIMIT))
    this.#set(QUERY.reach, reach)
    this.#set(QUERY.sequence, asked.sequence)
    this.#set(QUERY.ordinalsEnd, asked.ordinalsEnd)
    this.#set(QUERY.checks, asked.checks)
    this.#place()
    const f64 = (this.#at + QUERY.pauseNs) >> 3
    slab.f64[f64 + 1] = limits.scanNs
    slab.f64[f64 + 2] = limits.gambleNs
    slab.kernel.begin(SLAB_AT, this.#at)
  }

  /** Probes until all is found, it does not pay any more, or `pauseNs` are spent in all. @returns a `STATUS`; after `full`, drain and call again. */
  probe (pauseNs: number): number {
    this.slab.f64[(this.#at + QUERY.pauseNs) >> 3] = pauseNs
    return this.slab.kernel.probe(SLAB_AT, this.#at)
  }

  /** @returns the entry to go on with: less than `to` where it must be drained first. */
  scan (from: number, to: number): number {
    return this.slab.kernel.scan(SLAB_AT, this.#at, from, to)
  }

  /** Hands over what has been found since the last time, and draws reach in to what is known from elsewhere. */
  drainInto (selection: Selection, part: number): void {
    selection.take(part, this.slab.u32, (this.#at + CONTEXT.out) >> 2, this.#get(QUERY.count), this.reach)
    this.#set(QUERY.count, 0)
    this.reach = selection.reach
  }

  /** Adds what has been found since the last time to how many there are at each distance. */
  tallyInto (tally: Uint32Array): void {
    const { u32 } = this.slab
    const from = (this.#at + CONTEXT.out) >> 2
    const size = FOUND.sizeBytes >> 2
    for (let at = from, end = from + this.#get(QUERY.count) * size; at < end; at += size) tally[u32[at + 1]!]! += u32[at + 2]!
    this.#set(QUERY.count, 0)
  }

  /** What has been found since the last time: records of `FOUND`. */
  drain (): Uint32Array {
    const from = (this.#at + CONTEXT.out) >> 2
    const found = this.slab.u32.slice(from, from + this.#get(QUERY.count) * (FOUND.sizeBytes >> 2))
    this.#set(QUERY.count, 0)
    return found
  }

  get reach (): number { return this.#get(QUERY.reach) }
  /** Draws reach in to what is known from elsewhere. */
  set reach (reach: number) { if (reach < this.reach) this.#set(QUERY.reach, reach) }

  /** What has been looked at since the search was put back here. */
  sinceResumed (): { readonly buckets: number, readonly candidates: number } {
    return { buckets: this.buckets - this.#resumedBuckets, candidates: this.candidates - this.#resumedCandidates }
  }

  get buckets (): number { return this.#get(QUERY.buckets) }
  get candidates (): number { return this.#get(QUERY.candidates) }
  get spentNs (): number { return this.slab.f64[(this.#at + QUERY.spentNs) >> 3]! }
  /** Tables that probes have looked into. */
  get tablesProbed (): number { return this.buckets === 0 ? 0 : this.#get(QUERY.step) > 0 ? this.slab.tables : Math.min(this.slab.tables, this.#get(QUERY.table) + 1) }

  /** The search as bytes, to be resumed in a context of any thread. What was found must have been drained. */
  suspend (): Uint8Array {
    return this.slab.u8.slice(this.#at, this.#at + CONTEXT.out)
  }

  resume (suspended: Uint8Array): void {
    this.slab.u8.set(suspended, this.#at)
    this.#place()
    this.#resumedBuckets = this.buckets
    this.#resumedCandidates = this.candidates
  }

  /** Addresses are this context's own. */
  #place (): void {
    this.#set(QUERY.out, this.#at + CONTEXT.out)
    this.#set(QUERY.capacity, CONTEXT.capacity)
    this.#set(QUERY.counts, this.#at + CONTEXT.counts)
    this.#set(QUERY.chunks, this.#at + CONTEXT.chunks)
    this.#set(QUERY.code, this.#at + CONTEXT.code)
    this.#set(QUERY.group, this.#at + CONTEXT.group)
  }

  #get (field: number): number {
    return this.slab.u32[(this.#at + field) >> 2]!
  }

  #set (field: number, value: number): void {
    this.slab.u32[(this.#at + field) >> 2] = value
  }
}
