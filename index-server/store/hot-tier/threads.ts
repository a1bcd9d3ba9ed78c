import { setImmediate as setImmediateNow } from 'node:timers'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { HammingbirdError } from '../../../errors.js'
import { SharedScans } from './shared-scans.js'
import type { Slab } from './slab.js'
import { TURN_NS } from './planner.js'
import type { Job, Reply, Request, Searched, SlabRef, Suspended } from './thread.js'

/** A range of a scan that is worth a thread of its own, in words. */
const RANGE_WORDS = 2 ** 17

/**
 * The threads of a process's hot tiers: one that builds slabs, and some that search them. They work on the slabs' own
 * memory; only questions and what was found travel.
 */
export class Threads implements AsyncDisposable {
  readonly #builder = new Thread(0)
  readonly #searchers: readonly Thread[]
  readonly #scans = new SharedScans((slab, searches) => this.#scanRanges(slab, searches))
  #next = 0
  #lastTurn: Promise<void> = Promise.resolve()
  #inTurnNs = 0
  readonly #nextTurn = (): void => { this.#inTurnNs = 0 }

  /** @param searchers how many threads long searches are spread over; with 0 they run in slices in the caller's. */
  static open (searchers: number): Threads {
    if (!Number.isInteger(searchers) || searchers < 0 || searchers > 64) throw new RangeError(`searchers must be an integer from 0 to 64, got ${searchers}`)
    return new Threads(searchers)
  }

  private constructor (readonly searchers: number) {
    this.#searchers = Array.from({ length: searchers }, (_, i) => new Thread(i + 1))
  }

  /** Places that a slab needs: the caller's and one for each searcher. */
  get contexts (): number {
    return this.searchers + 1
  }

  /**
   * Resolves in a turn of the event loop of its own: of all the searches that run in slices, one has a slice between two
   * looks at other work.
   */
  ownTurn (): Promise<void> {
    return this.#lastTurn = this.#lastTurn.then(() => setImmediate())
  }

  /** How long searches may go on in this turn of the event loop, in nanoseconds of their own estimate: what comes with many others does not add up. */
  get inTurnNs (): number {
    return TURN_NS - this.#inTurnNs
  }

  /** Tells what a search has spent in this turn. */
  spend (ns: number): void {
    if (this.#inTurnNs === 0) setImmediateNow(this.#nextTurn)
    this.#inTurnNs += ns
  }

  async build (target: Slab, sources: readonly Slab[], horizon: number, chunks?: number): Promise<void> {
    const thread = this.#builder
    await thread.ask({ kind: 'build', target: thread.refer(target), sources: sources.map(source => thread.refer(source)), horizon, chunks })
    target.view()
  }

  async probe (slab: Slab, search: Suspended): Promise<Searched> {
    const thread = this.#searchers[this.#next++ % this.searchers]!
    const [probed] = await thread.ask({ kind: 'probe', slab: thread.refer(slab), search })
    return probed!
  }

  /** Scans a whole slab, split among the searchers where it is worth it, together with whoever waits for the same. */
  scan (slab: Slab, search: Suspended): Promise<readonly Searched[]> {
    return this.#scans.scan(slab, search)
  }

  /** Lets the threads drop what they hold of slabs that are used no more. */
  forget (slabs: readonly Slab[]): void {
    for (const thread of [this.#builder, ...this.#searchers]) thread.forget(slabs)
  }

  /** Ends the threads; what they have in hand is rejected. */
  async close (): Promise<void> {
    await Promise.all([this.#builder, ...this.#searchers].map(thread => thread.close()))
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  #scanRanges (slab: Slab, searches: readonly Suspended[]): Promise<(readonly Searched[])[]> {
    const { entries } = slab
    const ranges = Math.max(1, Math.min(this.searchers, Math.floor(entries * (slab.codeBytes >> 3) / RANGE_WORDS)))
    return Promise.all(Array.from({ length: ranges }, (_, i) => {
      const thread = this.#searchers[this.#next++ % this.searchers]!
      const from = Math.floor(entries * i / ranges)
      const to = Math.floor(entries * (i + 1) / ranges)
      return thread.ask({ kind: 'scan', slab: thread.refer(slab), searches, from, to })
    }))
  }
}

interface Pending {
  resolve: (searched: readonly Searched[]) => void
  reject: (err: Error) => void
}

/** One thread, started when it is first asked, and again after it was lost. */
class Thread {
  #worker: Worker | undefined
  #closed = false
  #nextId = 0
  readonly #pending = new Map<number, Pending>()
  readonly #known = new Set<number>()

  constructor (private readonly place: number) {}

  refer ({ id, contexts, memory }: Slab): SlabRef {
    if (this.#worker !== undefined && this.#known.has(id)) return { id, contexts }
    return { id, contexts, memory }
  }

  ask (job: Job): Promise<readonly Searched[]> {
    if (this.#closed) return Promise.reject(new HammingbirdError('HAMMINGBIRD_NOT_OPEN', 'the search threads are closed'))
    const worker = this.#worker ??= this.#start()
    for (const ref of refsOf(job)) this.#known.add(ref.id)
    return new Promise((resolve, reject) => {
      const id = this.#nextId++
      this.#pending.set(id, { resolve, reject })
      worker.ref() // the process may not end while somebody waits
      worker.postMessage({ id, thread: this.place, job } satisfies Request)
    })
  }

  forget (slabs: readonly Slab[]): void {
    const ids = slabs.map(slab => slab.id).filter(id => this.#known.delete(id))
    if (ids.length > 0) this.ask({ kind: 'forget', ids }).catch(() => {})
  }

  async close (): Promise<void> {
    this.#closed = true
    await this.#worker?.terminate()
  }

  #start (): Worker {
    const worker = new Worker(new URL('thread.js', import.meta.url))
    worker.unref()
    let cause: unknown
    worker.on('error', err => { cause = err }) // 'exit' follows
    worker.on('message', (reply: Reply) => {
      const pending = this.#pending.get(reply.id)
      this.#pending.delete(reply.id)
      if (this.#pending.size === 0 && !this.#closed) worker.unref()
      if (reply.searched !== undefined) pending?.resolve(reply.searched)
      else pending?.reject(new HammingbirdError('HAMMINGBIRD_INTERNAL', 'a search thread failed', { cause: reply.failed }))
    })
    worker.once('exit', () => {
      this.#worker = undefined
      this.#known.clear()
      const lost = new HammingbirdError('HAMMINGBIRD_WORKER_LOST', 'a search thread ended with work in hand', { cause })
      for (const { reject } of this.#pending.values()) reject(lost)
      this.#pending.clear()
    })
    return worker
  }
}

function refsOf (job: Job): readonly SlabRef[] {
  if (job.kind === 'build') return [job.target, ...job.sources]
  return job.kind === 'forget' ? [] : [job.slab]
}
