import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { HammingbirdError } from '../../errors.js'
import type { LogBatch, LogReader, LogRecord, PollLimits, ReadOptions } from '../log.js'
import { ownPartitions } from './assigner.js'
import type { KafkaConnection } from './client.js'
import { fromKafka } from './errors.js'
import { checkPosition } from './positions.js'
import { limitsOf, Prefetch } from './prefetch.js'
import { Subscription } from './subscription.js'
import type { Topics } from './topics.js'
import { Waker } from './waker.js'

/** It is alone in its group: nobody waits for it to be missed. */
const SESSION_TIMEOUT_MS = 30_000
const RETRY_MS = 500

/**
 * Reads with positions of its own. kafkajs knows no consumer without a group, so each reader has one to itself, in which
 * it gives itself the partitions it was asked for; it commits nothing there. The group's name is new each time: a former
 * life of the same reader, killed, would have to be missed first.
 */
export class KafkaReader implements LogReader {
  readonly #options: ReadOptions
  readonly #connection: KafkaConnection
  readonly #topics: Topics
  readonly #prefetches: ReadonlyMap<number, Prefetch>
  readonly #paused = new Set<number>()
  readonly #waker = new Waker()
  readonly #closing = new AbortController()
  readonly #onClose: () => void
  #turn: number[]
  #running: Promise<void> | undefined
  #subscription: Subscription | undefined
  #failed: unknown

  constructor (options: ReadOptions, connection: KafkaConnection, topics: Topics, onClose: () => void) {
    this.#options = options
    this.#connection = connection
    this.#topics = topics
    this.#onClose = onClose
    this.#prefetches = new Map([...options.from].map(([partition, offset]) => [partition, new Prefetch(offset)]))
    this.#turn = [...options.from.keys()]
  }

  async poll (limits: PollLimits = {}, signal?: AbortSignal): Promise<LogBatch> {
    const room = limitsOf(limits)
    for (;;) {
      signal?.throwIfAborted()
      if (this.#closing.signal.aborted) throw closed(this.#options.topic)
      if (this.#failed !== undefined) throw this.#failed
      this.#running ??= this.#run()
      const batch = this.#take(room)
      if (batch !== undefined) return batch
      await this.#waker.wait(signal)
    }
  }

  async close (): Promise<void> {
    this.#onClose()
    this.#closing.abort()
    this.#waker.wake()
    await this.#running
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  #take (room: Required<PollLimits>): LogBatch | undefined {
    for (const partition of this.#turn) {
      const prefetch = this.#prefetches.get(partition)!
      const run = prefetch.take(room)
      if (run === undefined) continue
      this.#turn = [...this.#turn.filter(other => other !== partition), partition]
      if (!prefetch.full && this.#paused.delete(partition)) this.#subscription?.resume(partition)
      return { topic: this.#options.topic, partition, ...run }
    }
    return undefined
  }

  /** Reads through one consumer after the other, until it is closed or what is wrong is not mended by waiting. */
  async #run (): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        await this.#check()
        await this.#live(signal)
      } catch (err) {
        const ours = fromKafka(err, `reading ${this.#options.topic}`)
        if (!(ours instanceof HammingbirdError) || !ours.retryable) {
          this.#failed = ours
          this.#waker.wake()
          return
        }
      }
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined) // cut short by close()
    }
  }

  async #check (): Promise<void> {
    for (const [partition, prefetch] of this.#prefetches) {
      prefetch.skipTo(await checkPosition(this.#topics, this.#options.topic, partition, prefetch.next))
    }
  }

  async #live (signal: AbortSignal): Promise<void> {
    const { topic, reader } = this.#options
    const group = `${reader}.${topic}.${randomBytes(6).toString('hex')}`
    const partitions = [...this.#prefetches.keys()]
    const subscription = new Subscription({
      connection: this.#connection,
      topic,
      group,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      assigner: ownPartitions(topic, partitions),
      joined: () => {
        for (const [partition, prefetch] of this.#prefetches) {
          subscription.seek(partition, prefetch.next)
          if (this.#paused.has(partition)) subscription.pause(partition)
        }
      },
      fetched: (partition, records, next, stale) => { if (!stale()) this.#fetched(partition, records, next) }
    })
    this.#subscription = subscription
    try {
      await subscription.start()
      await Promise.race([subscription.ended, aborted(signal)])
    } finally {
      this.#subscription = undefined
      await subscription.close()
    }
  }

  #fetched (partition: number, records: readonly LogRecord[], next: number): void {
    const prefetch = this.#prefetches.get(partition)!
    if (!prefetch.push(records, next)) {
      // kafkajs begins a partition anew when its position is out of range: the topic may be another one.
      this.#check().catch((err: unknown) => {
        this.#failed = fromKafka(err, `reading ${this.#options.topic}`)
        this.#waker.wake()
      })
      return
    }
    if (prefetch.full && !this.#paused.has(partition)) {
      this.#paused.add(partition)
      this.#subscription?.pause(partition)
    }
    this.#waker.wake()
  }
}

function aborted (signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => { resolve() }, { once: true })
  })
}

function closed (topic: string): HammingbirdError {
  return new HammingbirdError('HAMMINGBIRD_NOT_OPEN', `the reader of ${topic} is closed`)
}
