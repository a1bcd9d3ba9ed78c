import { withoutOrdinals } from '../accept-set.js'
import { accepting, type AcceptSet, type CodeAnswer, type CodeQuery } from '../code-store.js'
import { Grouping, type Accepts } from './answer.js'
import type { Asked, Context } from './context.js'
import { CHECK_ACCEPT, STATUS } from './layout.js'
import { GAMBLE, INLINE_NS, SLICE_NS, scanCostNs } from './planner.js'
import type { Part } from './part.js'
import { RECORD, Selection, type Hits } from './selection.js'
import type { Slab } from './slab.js'
import type { Snapshot } from './snapshots.js'
import type { Threads } from './threads.js'
import type { Searched } from './thread.js'

/** Up to so many hits, and images behind them, are put together in the turn in which they were found. */
const QUICK_HITS = 4096
const QUICK_SLOTS = 16_384
/** What is gone through in a slice, in about a millisecond: hits that are put in order, and images that are looked at one by one. */
const HITS_A_SLICE = 32_768
export const SLOTS_A_SLICE = 32_768
/** How many codes are compared in a bucket in the time in which one image is looked at. */
const LOOK_SHARE = 32

/** What is left of a search in one part: the probe or the scan it stands in. */
interface Unfinished {
  readonly part: number
  readonly kind: 'probe' | 'scan'
  readonly suspended: Uint8Array
}

/** One search over all parts of a store. What is quick is done at once, in the caller's turn; the rest by the searchers. */
export class Search {
  readonly #selection: Selection
  readonly #asked: Asked
  readonly #accept: AcceptSet | undefined
  readonly #accepts: Accepts
  /** What was found is put together by it: begun in the caller's turn where it may be done in it. */
  #grouping: Grouping | undefined
  readonly #unfinished: Unfinished[] = []
  #spentNs = 0
  #tables = 0
  #buckets = 0
  #candidates = 0
  #probed = false
  #scanned = false

  /**
   * @param parts from the largest on: the first draws reach in for the others.
   * @param checks which of `CHECK_DELETED` and `CHECK_ADDED` are needed.
   */
  constructor (private readonly query: CodeQuery, private readonly parts: readonly Part[], snapshot: Snapshot, checks: number) {
    this.#selection = new Selection(query.code.length * 8, query.k, query.radius, query.countOnly)
    this.#accept = snapshot.late === undefined ? query.accept : withoutOrdinals(query.accept, snapshot.ordinalsEnd, snapshot.late)
    this.#accepts = accepting(this.#accept)
    this.#asked = { code: query.code, k: query.k, sequence: snapshot.sequence, ordinalsEnd: snapshot.ordinalsEnd, checks: checks | (this.#accepts === undefined ? 0 : CHECK_ACCEPT) }
  }

  /** Does what is quick. @returns whether that was all. */
  start (threads: Threads): boolean {
    const inlineNs = Math.min(INLINE_NS, threads.inTurnNs)
    for (let part = 0; part < this.parts.length; part++) this.#startPart(part, inlineNs)
    threads.spend(Math.max(1, this.#spentNs))
    if (this.#unfinished.length > 0) return false
    if (this.query.countOnly === true) return true
    if (this.#selection.taken > QUICK_HITS) return false
    return this.#group(this.#selection.hits()).step(QUICK_SLOTS)
  }

  /** Does the rest: in other threads, or here in short slices where there is none; what was found is put together in slices too. */
  async finish (threads: Threads): Promise<void> {
    this.query.signal?.throwIfAborted()
    for (const part of this.parts) part.enter() // the tail too: what was found there is read when all is found
    try {
      for (const unfinished of this.#unfinished) {
        await (threads.searchers === 0 ? this.#finishInSlices(unfinished, threads) : this.#finishInThreads(unfinished, threads))
      }
      if (this.query.countOnly !== true) await this.#groupInSlices(threads)
    } finally {
      for (const part of this.parts) part.leave()
    }
  }

  answer (): CodeAnswer {
    return {
      groups: this.#grouping?.groups ?? [],
      count: this.#selection.found,
      radiusCovered: this.#selection.reach,
      plan: this.query.plan ?? (!this.#probed ? 'scan' : this.#scanned ? 'probe-then-scan' : 'probe'),
      tables: this.#tables,
      buckets: this.#buckets,
      candidates: this.#candidates
    }
  }

  #group (hits: Hits): Grouping {
    return this.#grouping = new Grouping(this.parts, hits, this.#asked, this.#accepts, this.query.anonymous === true)
  }

  /** Few hits are put together at once; what was begun in the caller's turn goes on. */
  async #groupInSlices (threads: Threads): Promise<void> {
    const turn = async (): Promise<void> => {
      await threads.ownTurn()
      this.query.signal?.throwIfAborted()
    }
    let grouping = this.#grouping
    if (grouping === undefined) {
      const sorting = this.#selection.sorting()
      while (!sorting.step(HITS_A_SLICE)) if (this.#selection.taken > HITS_A_SLICE) await turn()
      grouping = this.#group(sorting.hits)
      if (grouping.step(QUICK_SLOTS)) return
    }
    do await turn(); while (!grouping.step(SLOTS_A_SLICE))
  }

  #startPart (at: number, inlineNs: number): void {
    const { slab, context } = this.parts[at]!
    if (slab.entries === 0) return
    const scanNs = scanCostNs(slab.bits, slab.entries)
    const limits = this.query.plan === 'probe' ? { scanNs: Infinity, gambleNs: Infinity } : { scanNs, gambleNs: scanNs * GAMBLE }
    slab.host.accepts = this.#accepts ?? acceptAll
    context.begin(this.#asked, this.#selection.reach, limits)
    const looksAtMany = this.#looksAtMany(slab)
    if (slab.tables > 0 && this.query.plan !== 'scan') {
      if (looksAtMany) return this.#leave(at, 'probe')
      const status = this.#probe(at, inlineNs - this.#spentNs)
      this.#spentNs += context.spentNs
      if (status === STATUS.complete) return this.#count(context)
      if (status === STATUS.paused) return this.#leave(at, 'probe')
    }
    // The tail is always scanned now: it is small, and what is added to it later must not be seen.
    this.#scanned ||= slab.tables > 0
    if (slab.tables > 0 && (looksAtMany || this.#spentNs + scanNs > inlineNs)) return this.#leave(at, 'scan')
    this.#scan(at, 0, slab.entries)
    this.#spentNs += scanNs
    this.#count(context)
  }

  /** Whether nearly every image may have to be looked at one by one, and there are many: what a kernel's estimate knows nothing of. */
  #looksAtMany ({ slots }: Slab): boolean {
    return this.#asked.checks !== 0 && slots > SLOTS_A_SLICE && (this.query.k ?? Infinity) > QUICK_HITS
  }

  #probe (at: number, pauseNs: number): number {
    const { context } = this.parts[at]!
    this.#probed = true
    for (;;) {
      const status = context.probe(pauseNs)
      context.drainInto(this.#selection, at)
      if (status !== STATUS.full) return status
    }
  }

  #scan (at: number, from: number, to: number): void {
    const { context } = this.parts[at]!
    for (let entry = from; entry < to;) {
      entry = context.scan(entry, to)
      context.drainInto(this.#selection, at)
    }
  }

  #leave (part: number, kind: Unfinished['kind']): void {
    const { context } = this.parts[part]!
    this.#count(context)
    this.#unfinished.push({ part, kind, suspended: context.suspend() })
  }

  #count ({ tablesProbed, buckets, candidates }: Pick<Context, 'tablesProbed' | 'buckets' | 'candidates'>): void {
    this.#tables += tablesProbed
    this.#buckets += buckets
    this.#candidates += candidates
  }

  async #finishInSlices ({ part, kind, suspended }: Unfinished, threads: Threads): Promise<void> {
    const { context, slab } = this.parts[part]!
    const most = Math.max(1024, Math.floor(SLICE_NS / scanCostNs(slab.bits, 1)))
    const looksAtMany = this.#looksAtMany(slab)
    let probing = kind === 'probe'
    let entry = 0
    while (probing || entry < slab.entries) {
      await threads.ownTurn()
      this.query.signal?.throwIfAborted()
      context.resume(suspended)
      slab.host.accepts = this.#accepts ?? acceptAll
      context.reach = this.#selection.reach
      if (probing) {
        const status = this.#probe(part, context.spentNs + (looksAtMany ? SLICE_NS / LOOK_SHARE / (slab.slots / slab.entries) : SLICE_NS))
        if (status === STATUS.complete) entry = slab.entries
        probing = status === STATUS.paused
        this.#scanned ||= status === STATUS.gaveUp
      } else {
        const to = this.#sliceEnd(slab, entry, most)
        this.#scan(part, entry, to)
        entry = to
      }
      this.#count({ ...context.sinceResumed(), tablesProbed: 0 })
      suspended = context.suspend()
    }
  }

  /** A slice's end: where every image is looked at, it has no more of these than are looked at in its time. */
  #sliceEnd (slab: Slab, from: number, most: number): number {
    const end = Math.min(slab.entries, from + most)
    if (this.#asked.checks === 0) return end
    let [low, high] = [from + 1, end]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (slab.slotsOf(from, middle) <= SLOTS_A_SLICE) low = middle
      else high = middle - 1
    }
    return low
  }

  async #finishInThreads ({ part, kind, suspended }: Unfinished, threads: Threads): Promise<void> {
    const { slab } = this.parts[part]!
    const countOnly = this.query.countOnly === true
    const settle = async ({ found, reach, buckets, candidates }: Searched): Promise<void> => {
      this.#count({ buckets, candidates, tablesProbed: 0 })
      if (countOnly) return this.#selection.takeCounts(found, reach)
      for (let from = 0; from < found.length; from += HITS_A_SLICE * RECORD) {
        if (found.length > QUICK_HITS * RECORD) await threads.ownTurn()
        this.#selection.take(part, found, from, Math.min(HITS_A_SLICE, (found.length - from) / RECORD), reach)
      }
    }
    const accept = this.#accept
    if (kind === 'probe') {
      const probed = await threads.probe(slab, { suspended, accept, countOnly })
      this.query.signal?.throwIfAborted()
      await settle(probed)
      if (probed.status === STATUS.complete) return
      this.#scanned = true
      suspended = probed.suspended
    }
    for (const scanned of await threads.scan(slab, { suspended, accept, countOnly })) await settle(scanned)
    this.query.signal?.throwIfAborted()
  }
}

function acceptAll (): boolean {
  return true
}
