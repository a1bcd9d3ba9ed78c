import { setTimeout as sleep } from 'node:timers/promises'
import { lastValueFrom, tap } from 'rxjs'
import { HammingbirdError, codeOf } from '../errors.js'
import type { Log } from '../log/log.js'
import { append, readingPlan } from './append.js'
import type { ReadChanges } from './changes.js'
import type { CollectionStore } from './store/collection-store.js'

export interface TopicReaderOptions {
  readonly log: Log
  readonly topic: string
  /** Who reads: distinct among the processes of one deployment. */
  readonly reader: string
  readonly store: CollectionStore
  readonly changes: ReadChanges
  /** Told after each run of records: progress may have moved. */
  readonly applied: () => void
  readonly failed: (err: unknown, name: string) => void
}

const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 30_000
/** A log that does not answer has been waited for already: when it is back, reading goes on at once. */
const UNAVAILABLE_RETRY_MS = 500
/** A position is written again at least this often though nothing came, so that a quiet topic is not taken for an absence. */
const TOUCH_MS = 60 * 60 * 1000

/**
 * Keeps one topic folded into the tables for as long as it is open: runs the graph append, and after a failure runs it
 * again from the position in the tables. `HAMMINGBIRD_LOG_TRUNCATED` stops it for good: what is kept came from another
 * topic of that name, and going on would mix the two.
 */
export class TopicReader implements AsyncDisposable {
  readonly #options: TopicReaderOptions
  readonly #closing = new AbortController()
  readonly #running: Promise<void>
  #stopped: HammingbirdError | undefined

  constructor (options: TopicReaderOptions) {
    this.#options = options
    this.#running = this.#run()
  }

  get topic (): string {
    return this.#options.topic
  }

  /** Why it stopped for good; `undefined` while it runs. */
  get stopped (): HammingbirdError | undefined {
    return this.#stopped
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
    for (let retryMs = FIRST_RETRY_MS; !signal.aborted && this.#stopped === undefined; retryMs = Math.min(LAST_RETRY_MS, retryMs * 2)) {
      try {
        await this.#read(() => { retryMs = FIRST_RETRY_MS })
      } catch (err) {
        if (signal.aborted) return
        this.#options.failed(err, `append ${this.#options.topic}`)
        if (err instanceof HammingbirdError && err.code === 'HAMMINGBIRD_LOG_TRUNCATED') this.#stopped = err
        else await sleep(codeOf(err) === 'HAMMINGBIRD_LOG_UNAVAILABLE' ? UNAVAILABLE_RETRY_MS : retryMs, undefined, { signal }).catch(() => undefined) // cut short by close()
      }
    }
  }

  async #read (progressed: () => void): Promise<void> {
    const { log, topic, reader, store, changes, applied } = this.#options
    const { signal } = this.#closing
    const description = await log.describeTopic(topic)
    if (description === undefined) throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `there is no topic ${topic}`)
    const positions = await store.positions(topic)
    const { from, sweep } = readingPlan(description, positions, Date.now())
    const ends = sweep.length === 0 ? [] : await log.ends(topic)
    for (const partition of sweep) {
      // A sweep reads from the beginning, where nobody would notice that the topic is another one.
      const { next } = positions.get(partition)!
      if (next > ends[partition]!) throw new HammingbirdError('HAMMINGBIRD_LOG_TRUNCATED', `${topic} partition ${partition} ends at ${ends[partition]}, and the position is ${next}: the topic was made anew`)
      await store.beginSweep(topic, partition)
    }

    const touch = setInterval(() => { void this.#touch() }, TOUCH_MS).unref()
    await using source = log.read({ topic, reader, from })
    try {
      const graph = append({ reader: source, store, changes, signal, sweeps: new Map(sweep.map(partition => [partition, ends[partition]!])) })
      await lastValueFrom(graph.pipe(tap(() => {
        progressed()
        applied()
      })), { defaultValue: 0 })
    } finally {
      clearInterval(touch)
    }
  }

  /** Says of each partition that it is read up to where it is, now. */
  async #touch (): Promise<void> {
    const { topic, store } = this.#options
    try {
      for (const [partition, { next }] of await store.positions(topic)) await store.apply([], { topic, partition, next, atMs: Date.now() })
    } catch (err) {
      this.#options.failed(err, `append ${topic}`)
    }
  }
}
