import { setTimeout as wait } from 'node:timers/promises'
import { HammingbirdError } from '../errors.js'
import { WorkerProcess, type WorkerProcessOptions } from './child.js'

export interface RosterOptions<Job, Result> extends WorkerProcessOptions {
  /** How many processes. @default 1 */
  readonly workers?: number
  /** What a fresh worker is asked before it gets any work. What it throws makes the start a failed one. @default nothing */
  readonly prepare?: (worker: WorkerProcess<Job, Result>) => Promise<void>
}

/** A worker that is ready, and what it has in hand (`Work` is the pool's). */
export interface Member<Job, Result, Work> {
  readonly worker: WorkerProcess<Job, Result>
  readonly inHand: Set<Work>
  /** How many jobs it has answered. */
  jobs: number
  /** Memory it held after its first job. */
  baseRssBytes: number
  /** Its successor is being started; until that is ready it works on. */
  leaving: boolean
  /** It gets no more work, and is ended when it has nothing in hand. */
  retired: boolean
}

/** After so many failed starts in a row with no worker left, the roster is broken: who waits is told, and starts go on being tried. */
const FAILED_STARTS = 5
const LONGEST_WAIT_MS = 30_000

/** Keeps a number of workers running: starts them, and starts another for each that is gone or is to go. */
export class Roster<Job, Result, Work> {
  readonly members = new Set<Member<Job, Result, Work>>()
  /** Why there is no worker, where that is so. */
  broken: HammingbirdError | undefined
  /** Workers that ended without having been told to. */
  lost = 0
  recycled = 0
  readonly #options: RosterOptions<Job, Result>
  readonly #wanted: number
  readonly #changed: () => void
  readonly #preparing = new Set<WorkerProcess<Job, Result>>()
  readonly #starts = new Set<Promise<void>>()
  readonly #closing = new AbortController()
  #failedStarts = 0
  #tellBroken = () => {}

  /** @param changed called whenever a worker is ready or gone, or the roster has broken. */
  constructor (options: RosterOptions<Job, Result>, changed: () => void) {
    const { workers = 1 } = options
    if (!Number.isInteger(workers) || workers < 1) throw new RangeError(`workers must be a positive integer, got ${workers}`)
    this.#options = options
    this.#wanted = workers
    this.#changed = changed
  }

  /** Resolves when all workers are ready. @throws the reason, when none can be started. */
  async open (): Promise<void> {
    this.#fill()
    await Promise.race([Promise.all(this.#starts), new Promise<void>(resolve => { this.#tellBroken = resolve })])
    if (this.broken !== undefined) throw this.broken
  }

  /** Every worker that takes jobs, those that are not ready yet included: what they are asked comes after what they are prepared with. */
  workers (): readonly WorkerProcess<Job, Result>[] {
    return [...this.#preparing, ...Array.from(this.members, member => member.worker)].filter(({ refusal }) => refusal === undefined)
  }

  /** Has a worker followed by a fresh one: it works until that is ready, and finishes what it has in hand. */
  recycle (member: Member<Job, Result, Work>): void {
    if (member.leaving || this.#closing.signal.aborted) return
    member.leaving = true
    this.#startOne()
  }

  /** Ends all workers, with what they have in hand. */
  async close (): Promise<void> {
    this.#closing.abort()
    await Promise.all([...this.#preparing, ...Array.from(this.members, member => member.worker)].map(worker => worker.close()))
    await Promise.all(this.#starts)
  }

  #fill (): void {
    const staying = [...this.members].filter(member => !member.leaving).length
    for (let n = staying + this.#starts.size; n < this.#wanted; n++) this.#startOne()
  }

  #startOne (): void {
    const start = this.#start().finally(() => {
      this.#starts.delete(start)
      if (!this.#closing.signal.aborted) this.#fill()
    })
    this.#starts.add(start)
  }

  /** Resolves when a worker is ready, however often that has to be tried, or when the roster is closed. Never rejects. */
  async #start (): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      if (this.#failedStarts > 0) {
        const waitMs = Math.min(LONGEST_WAIT_MS, 50 * 2 ** this.#failedStarts)
        await wait(waitMs, undefined, { signal }).catch(() => {})
        if (signal.aborted) return
      }
      try {
        return this.#add(await this.#open(signal))
      } catch (err) {
        if (!signal.aborted) this.#fail(err)
      }
    }
  }

  async #open (signal: AbortSignal): Promise<WorkerProcess<Job, Result>> {
    const worker = await WorkerProcess.open<Job, Result>({ ...this.#options, signal })
    this.#preparing.add(worker)
    try {
      await this.#options.prepare?.(worker)
      return worker
    } catch (err) {
      await worker.close()
      throw err
    } finally {
      this.#preparing.delete(worker)
    }
  }

  #add (worker: WorkerProcess<Job, Result>): void {
    const member: Member<Job, Result, Work> = { worker, inHand: new Set(), jobs: 0, baseRssBytes: 0, leaving: false, retired: false }
    this.members.add(member)
    this.broken = undefined
    const leaver = [...this.members].find(other => other.leaving && !other.retired)
    if (leaver !== undefined && this.members.size > this.#wanted) {
      leaver.retired = true
      this.recycled++
      this.release(leaver)
    }
    void worker.lost.then(() => {
      this.members.delete(member)
      if (this.#closing.signal.aborted) return
      if (!member.retired) this.lost++
      // Starts in quick succession of workers that die by themselves get the same ever longer waits as failed ones.
      if (!member.retired && member.jobs === 0 && member.inHand.size === 0) this.#fail(worker.refusal)
      this.#fill()
      this.#changed()
    })
    this.#changed()
  }

  /** To be called when a member has answered: a retired one with nothing left in hand is ended. */
  release (member: Member<Job, Result, Work>): void {
    if (member.jobs > 0) this.#failedStarts = 0
    if (member.retired && member.inHand.size === 0) void member.worker.close()
  }

  #fail (err: unknown): void {
    this.#failedStarts++
    if (this.#failedStarts < FAILED_STARTS || this.members.size > 0) return
    const reason = err instanceof Error ? err.message : String(err)
    this.broken = new HammingbirdError('HAMMINGBIRD_WORKER_LOST', `no ${this.#options.name} can be started: ${reason}`, { cause: err })
    this.#tellBroken()
    this.#changed()
  }
}
