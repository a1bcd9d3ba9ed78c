import { setTimeout as sleep } from 'node:timers/promises'
import { HammingbirdError } from '../errors.js'
import type { Log, LogRecord } from '../log/log.js'

export interface FollowOptions {
  readonly log: Log
  /** Has one partition. */
  readonly topic: string
  /** Who reads: distinct among the processes of one deployment. */
  readonly reader: string
  /** Folds one record into what is known. In order, each once. */
  readonly fold: (record: LogRecord) => void
  /** Told after each run of records. @default nobody */
  readonly folded?: () => void
}

const RETRY_MS = 500

/**
 * Reads a topic of one partition from its beginning and goes on for ever: how each process knows the collections and the
 * versions there are. An outage of the log delays it, and ends nothing.
 */
export class Follower implements AsyncDisposable {
  readonly #options: FollowOptions
  readonly #closing = new AbortController()
  readonly #running: Promise<void>
  #next = 0
  #waiting: { readonly offset: number, readonly resolve: () => void }[] = []
  #failed: unknown

  /** Resolves when all that the topic holds now has been folded. */
  static async open (options: FollowOptions): Promise<Follower> {
    const [end = 0] = await options.log.ends(options.topic)
    const follower = new Follower(options)
    await follower.reached(end)
    return follower
  }

  private constructor (options: FollowOptions) {
    this.#options = options
    this.#running = this.#run()
  }

  /** Resolves when everything before `offset` has been folded. Rejects when reading has ended for good. */
  async reached (offset: number): Promise<void> {
    if (this.#next >= offset) return
    if (this.#failed !== undefined) throw this.#failed
    await new Promise<void>(resolve => this.#waiting.push({ offset, resolve }))
    if (this.#failed !== undefined) throw this.#failed
  }

  async close (): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  async #run (): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        await this.#read()
      } catch (err) {
        if (signal.aborted) break
        if (!(err instanceof HammingbirdError) || !err.retryable) {
          this.#failed = err
          break
        }
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined)
      }
    }
    this.#failed ??= new HammingbirdError('HAMMINGBIRD_NOT_OPEN', `${this.#options.topic} is not followed any more`)
    this.#wake(Infinity)
  }

  async #read (): Promise<void> {
    const { log, topic, reader, fold, folded } = this.#options
    await using source = log.read({ topic, reader, from: new Map([[0, this.#next]]) })
    for (;;) {
      const batch = await source.poll({}, this.#closing.signal)
      for (const record of batch.records) fold(record)
      this.#next = batch.next
      this.#wake(this.#next)
      if (batch.records.length > 0) folded?.()
    }
  }

  #wake (reached: number): void {
    const [ready, rest] = [this.#waiting.filter(({ offset }) => offset <= reached), this.#waiting.filter(({ offset }) => offset > reached)]
    this.#waiting = rest
    for (const { resolve } of ready) resolve()
  }
}
