import { accepting, type AcceptSet, type CodeAnswer, type CodeQuery } from '../code-store.js'
import { groupHits, groupHitsByDistance, type Accepts } from './answer.js'
import type { Asked, Context } from './context.js'
import { CHECK_ACCEPT, STATUS } from './layout.js'
import { GAMBLE, INLINE_NS, SLICE_NS, scanCostNs } from './planner.js'
import type { Part } from './part.js'
import { RECORD, Selection } from './selection.js'
import type { Snapshot } from './snapshots.js'
import type { Threads } from './threads.js'
import type { Searched } from './thread.js'

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
  readonly #accepts: Accepts
  /** Whether the filter, or a snapshot that codes came late to, can only be asked in this thread. */
  readonly #asksHere: boolean
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
    this.#accepts = joined(query.accept, snapshot)
    this.#asksHere = snapshot.late !== undefined || typeof query.accept === 'function'
    this.#asked = { code: query.code, k: query.k, sequence: snapshot.sequence, ordinalsEnd: snapshot.ordinalsEnd, checks: checks | (this.#accepts === undefined ? 0 : CHECK_ACCEPT) }
  }

  /** Does what is quick. @returns whether that was all. */
  start (): boolean {
    for (let part = 0; part < this.parts.length; part++) this.#startPart(part)
    return this.#unfinished.length === 0
  }

  /** Does the rest: in other threads, or here in short slices where there is none, or where a function must be asked that lives here. */
  async finish (threads: Threads): Promise<void> {
    this.query.signal?.throwIfAborted()
    const here = threads.searchers === 0 || this.#asksHere
    for (const part of this.parts) part.enter() // the tail too: what was found there is read when all is found
    try {
      for (const unfinished of this.#unfinished) {
        await (here ? this.#finishInSlices(unfinished, threads) : this.#finishInThreads(unfinished, threads))
      }
    } finally {
      for (const part of this.parts) part.leave()
    }
  }

  answer (): CodeAnswer {
    const groupsOf = this.query.anonymous === true ? groupHitsByDistance : groupHits
    return {
      groups: groupsOf(this.parts, this.#selection.hits(), this.#asked, this.#accepts),
      count: this.#selection.found,
      radiusCovered: this.#selection.reach,
      plan: this.query.plan ?? (!this.#probed ? 'scan' : this.#scanned ? 'probe-then-scan' : 'probe'),
      tables: this.#tables,
      buckets: this.#buckets,
      candidates: this.#candidates
    }
  }

  #startPart (at: number): void {
    const { slab, context } = this.parts[at]!
    if (slab.entries === 0) return
    const scanNs = scanCostNs(slab.bits, slab.entries)
    const limits = this.query.plan === 'probe' ? { scanNs: Infinity, gambleNs: Infinity } : { scanNs, gambleNs: scanNs * GAMBLE }
    slab.host.accepts = this.#accepts ?? acceptAll
    context.begin(this.#asked, this.#selection.reach, limits)
    if (slab.tables > 0 && this.query.plan !== 'scan') {
      const status = this.#probe(at, INLINE_NS - this.#spentNs)
      this.#spentNs += context.spentNs
      if (status === STATUS.complete) return this.#count(context)
      if (status === STATUS.paused) return this.#leave(at, 'probe')
    }
    // The tail is always scanned now: it is small, and what is added to it later must not be seen.
    this.#scanned ||= slab.tables > 0
    if (slab.tables > 0 && this.#spentNs + scanNs > INLINE_NS) return this.#leave(at, 'scan')
    this.#scan(at, 0, slab.entries)
    this.#spentNs += scanNs
    this.#count(context)
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
    const entriesASlice = Math.max(1024, Math.floor(SLICE_NS / scanCostNs(slab.bits, 1)))
    let probing = kind === 'probe'
    let entry = 0
    while (probing || entry < slab.entries) {
      await threads.ownTurn()
      this.query.signal?.throwIfAborted()
      context.resume(suspended)
      slab.host.accepts = this.#accepts ?? acceptAll
      context.reach = this.#selection.reach
      if (probing) {
        const status = this.#probe(part, context.spentNs + SLICE_NS)
        if (status === STATUS.complete) entry = slab.entries
        probing = status === STATUS.paused
        this.#scanned ||= status === STATUS.gaveUp
      } else {
        const to = Math.min(slab.entries, entry + entriesASlice)
        this.#scan(part, entry, to)
        entry = to
      }
      this.#count({ ...context.sinceResumed(), tablesProbed: 0 })
      suspended = context.suspend()
    }
  }

  async #finishInThreads ({ part, kind, suspended }: Unfinished, threads: Threads): Promise<void> {
    const { slab } = this.parts[part]!
    const settle = ({ found, reach, buckets, candidates }: Searched) => {
      this.#selection.take(part, found, 0, found.length / RECORD, reach)
      this.#count({ buckets, candidates, tablesProbed: 0 })
    }
    const accept = this.query.accept as AcceptSet | undefined
    if (kind === 'probe') {
      const probed = await threads.probe(slab, { suspended, accept })
      this.query.signal?.throwIfAborted()
      settle(probed)
      if (probed.status === STATUS.complete) return
      this.#scanned = true
      suspended = probed.suspended
    }
    for (const scanned of await threads.scan(slab, { suspended, accept })) settle(scanned)
    this.query.signal?.throwIfAborted()
  }
}

/** Filter and snapshot in one: what the kernel asks. */
function joined (accept: CodeQuery['accept'], { late }: Snapshot): Accepts {
  const own = accepting(accept)
  if (late === undefined) return own
  return own === undefined ? ordinal => !late(ordinal) : ordinal => !late(ordinal) && own(ordinal)
}

function acceptAll (): boolean {
  return true
}
