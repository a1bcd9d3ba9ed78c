import { HammingbirdError } from '../errors.js'
import { WorkerLossError, type WorkerProcess } from './child.js'
import { LANES, type Lane } from './lane.js'
import { Roster, type Member, type RosterOptions } from './roster.js'
import { Task, type Piece, type Shape } from './task.js'

export interface WorkerPoolOptions<Job, Result> extends RosterOptions<Job, Result> {
  readonly shape: Shape<Job, Result>
  /** Longest a worker may be silent with work in hand: a step has to be shorter. @default 10_000 */
  readonly silenceMs?: number
  /** How many pieces of work may wait. @default 1_000 */
  readonly queueLimit?: number
  /** A worker is replaced after so many jobs … @default 20_000 */
  readonly recycleJobs?: number
  /** … or when it holds so much more memory than after its first job. @default 512 MiB */
  readonly recycleGrowthBytes?: number
}

export interface RunOptions {
  /** @default live */
  readonly lane?: Lane | undefined
  /** Gives up: what waits is dropped, what is in hand is finished for nobody. */
  readonly signal?: AbortSignal | undefined
  /** Called while a worker comes on with it, some times a second at most. */
  readonly beat?: (() => void) | undefined
}

/** What a pool has come to. Counts are since it was opened. */
export interface WorkerPoolStatus {
  readonly running: number
  /** The processes, for who looks after them from outside. */
  readonly pids: readonly number[]
  readonly rssBytes: number
  readonly waiting: number
  readonly inHand: number
  readonly done: number
  readonly lost: number
  readonly recycled: number
  /** Why no worker can be started, where that is so. */
  readonly broken: string | undefined
}

/** A worker is given its next job while it has one, so that it never waits for us. */
const DEPTH = 2

/**
 * Worker processes of one kind, and the queue before them.
 *
 * - Order: the first lane that has work goes first; within a lane, first come, first served.
 * - A worker that ends is replaced, and what it had in hand is tried again: alone, then cut, until the one item that ends
 *   workers is found and refused; its neighbours get their results. Nobody is left waiting.
 * - A worker that has grown old or large is replaced; what it has in hand is finished first.
 * - Full: `HAMMINGBIRD_BUSY`. When no worker can be started, what waits is refused with the reason (`HAMMINGBIRD_WORKER_LOST`);
 *   starts go on being tried.
 */
export class WorkerPool<Job, Result> implements AsyncDisposable {
  readonly #options: Required<Pick<WorkerPoolOptions<Job, Result>, 'name' | 'shape' | 'silenceMs' | 'queueLimit' | 'recycleJobs' | 'recycleGrowthBytes'>>
  readonly #roster: Roster<Job, Result, Piece<Job, Result>>
  readonly #lanes: Piece<Job, Result>[][] = LANES.map(() => [])
  readonly #whenChanged: (() => void)[] = []
  #closing: Promise<void> | undefined
  #done = 0

  /** Resolves when all workers are ready. @throws HammingbirdError `HAMMINGBIRD_WORKER_LOST` when none can be started. */
  static async open<Job, Result> (options: WorkerPoolOptions<Job, Result>): Promise<WorkerPool<Job, Result>> {
    const pool = new WorkerPool(options)
    try {
      await pool.#roster.open()
      return pool
    } catch (err) {
      await pool.close()
      throw err
    }
  }

  private constructor (options: WorkerPoolOptions<Job, Result>) {
    this.#options = { silenceMs: 10_000, queueLimit: 1_000, recycleJobs: 20_000, recycleGrowthBytes: 512 * 2 ** 20, ...options }
    this.#roster = new Roster(options, () => this.#changed())
  }

  /**
   * Has a job done.
   *
   * @throws the refusal of the worker, where it refuses the whole job; the signal's reason; what is said above of a pool
   * that is full, broken or closed.
   */
  async run (job: Job, { lane = 'live', signal, beat }: RunOptions = {}): Promise<Result> {
    signal?.throwIfAborted()
    this.#assertOpen()
    if (this.#roster.broken) throw this.#roster.broken
    if (this.#waiting() >= this.#options.queueLimit) {
      throw new HammingbirdError('HAMMINGBIRD_BUSY', `${this.#options.queueLimit} jobs wait for a ${this.#options.name}`)
    }
    const task = new Task(job, LANES.indexOf(lane), this.#options.shape, beat)
    const abort = () => task.fail(signal?.reason)
    signal?.addEventListener('abort', abort, { once: true })
    this.#lanes[task.lane]!.push(task.whole())
    this.#dispatch()
    try {
      return await task.answer
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /**
   * Asks every worker, those that are just being prepared included, and those that are about to end not. Resolves when each
   * has answered; rejects with the first refusal or loss.
   */
  async each<T> (ask: (worker: WorkerProcess<Job, Result>) => Promise<T>): Promise<readonly T[]> {
    this.#assertOpen()
    return await Promise.all(this.#roster.workers().map(ask))
  }

  /** Resolves when there is a worker that is ready. @throws the reason, when none can be started. */
  async ready (): Promise<void> {
    for (;;) {
      this.#assertOpen()
      if ([...this.#roster.members].some(({ worker }) => worker.refusal === undefined)) return
      if (this.#roster.broken) throw this.#roster.broken
      await new Promise<void>(resolve => this.#whenChanged.push(resolve))
    }
  }

  status (): WorkerPoolStatus {
    const members = [...this.#roster.members]
    return {
      running: members.length,
      pids: members.map(({ worker }) => worker.pid),
      rssBytes: members.reduce((sum, { worker }) => sum + worker.rssBytes, 0),
      waiting: this.#waiting(),
      inHand: members.reduce((sum, { inHand }) => sum + inHand.size, 0),
      done: this.#done,
      lost: this.#roster.lost,
      recycled: this.#roster.recycled,
      broken: this.#roster.broken?.message
    }
  }

  /** Ends the workers. What waits or is in hand is rejected: whoever wants it finished waits for it first. */
  close (): Promise<void> {
    if (this.#closing === undefined) {
      this.#closing = this.#roster.close()
      this.#changed()
    }
    return this.#closing
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  #dispatch (): void {
    for (const [lane, queue] of this.#lanes.entries()) {
      while (queue.length > 0) {
        const piece = queue[0]!
        if (piece.task.over) {
          queue.shift()
          continue
        }
        const member = this.#memberFor(piece, lane)
        // Less urgent work would keep the workers from ever being free for a piece that must be alone: it waits too.
        if (member === undefined && piece.alone) return
        if (member === undefined) break
        queue.shift()
        void this.#give(piece, member)
      }
    }
  }

  #memberFor (piece: Piece<Job, Result>, lane: number): Member<Job, Result, Piece<Job, Result>> | undefined {
    let best: Member<Job, Result, Piece<Job, Result>> | undefined
    for (const member of this.#roster.members) {
      const { inHand, worker, retired } = member
      if (retired || worker.refusal !== undefined || inHand.size > (best?.inHand.size ?? Infinity)) continue
      const asUrgent = [...inHand].filter(({ task, alone }) => task.lane <= lane || alone)
      const takes = piece.alone ? inHand.size === 0 : asUrgent.length < DEPTH && !asUrgent.some(({ alone }) => alone)
      if (takes) best = member
    }
    return best
  }

  /** Gives a piece to a worker and sees to it that it is answered. Never rejects. */
  async #give (piece: Piece<Job, Result>, member: Member<Job, Result, Piece<Job, Result>>): Promise<void> {
    const { task, from, to } = piece
    const { inHand, worker } = member
    inHand.add(piece)
    try {
      const result = await worker.ask(piece.job, { lane: task.lane, silenceMs: this.#options.silenceMs, beat: task.beat })
      inHand.delete(piece)
      this.#done++
      task.settle({ from, to, result })
    } catch (err) {
      if (err instanceof WorkerLossError) return this.#afterLoss(piece, member, err)
      inHand.delete(piece)
      task.fail(err)
    }
    this.#afterAnswer(member)
    this.#dispatch()
  }

  #afterAnswer (member: Member<Job, Result, Piece<Job, Result>>): void {
    const { worker } = member
    if (member.jobs++ === 0) member.baseRssBytes = worker.rssBytes
    const { recycleJobs, recycleGrowthBytes } = this.#options
    if (member.jobs >= recycleJobs || worker.rssBytes - member.baseRssBytes > recycleGrowthBytes) this.#roster.recycle(member)
    this.#roster.release(member)
  }

  #afterLoss (piece: Piece<Job, Result>, { inHand }: Member<Job, Result, Piece<Job, Result>>, loss: WorkerLossError): void {
    // All that was in hand comes here, one after the other: it stays in hand, so that each sees the company it had.
    if (this.#closing) return piece.task.fail(this.#notOpen())
    const again = piece.afterLoss(loss, inHand.size === 1)
    this.#lanes[piece.task.lane]!.unshift(...again)
    this.#dispatch()
  }

  #changed (): void {
    const refusal = this.#closing ? this.#notOpen() : this.#roster.broken
    if (refusal) this.#refuseWaiting(refusal)
    this.#dispatch()
    for (const resolve of this.#whenChanged.splice(0)) resolve()
  }

  #refuseWaiting (err: HammingbirdError): void {
    for (const queue of this.#lanes) {
      for (const { task } of queue.splice(0)) task.fail(err)
    }
  }

  #waiting (): number {
    return this.#lanes.reduce((sum, queue) => sum + queue.length, 0)
  }

  #assertOpen (): void {
    if (this.#closing) throw this.#notOpen()
  }

  #notOpen (): HammingbirdError {
    return new HammingbirdError('HAMMINGBIRD_NOT_OPEN', `the ${this.#options.name} pool is closed`)
  }
}
