import { setTimeout as sleep } from 'node:timers/promises'
import type { Consumer, PartitionAssigner } from 'kafkajs'
import type { LogRecord } from '../log.js'
import { consumerOf, type KafkaConnection } from './client.js'
import { recordOf } from './records.js'
import { within } from './within.js'

export interface SubscriptionOptions {
  readonly connection: KafkaConnection
  readonly topic: string
  readonly group: string
  readonly sessionTimeoutMs: number
  /** @default kafkajs's round robin */
  readonly assigner?: PartitionAssigner
  /** Told in the moment of joining, before anything is fetched. */
  readonly joined: (partitions: readonly number[]) => void
  /** Asked before the group is joined again: `false` delays it. @default at once */
  readonly mayJoinAgain?: () => boolean
  /** Told of what a fetch brought: perhaps of no record, when only the position moved. `stale`: a seek has come since. */
  readonly fetched: (partition: number, records: readonly LogRecord[], next: number, stale: () => boolean) => void | Promise<void>
}

/** A consumer that has given no sign for this long is dead, though it never said so. */
const DEAD_MS = 150_000
/** What one fetch brought of several partitions is handed over together, so that none waits for a heartbeat in between. */
const AT_ONCE = 64
/**
 * After a fetch that brought little the next one begins so much later: it then brings what came meanwhile. A fetch costs this
 * process and the broker as much as some ten records; without the rest there would be one for each message as it comes.
 */
const REST_MS = 60
/** Records of one partition; a fetch that brings more is followed by the next at once. */
const LITTLE = 100
const JOIN_MS = 3000
const LEAVE_MS = 5000
const CHECK_MS = 5000

/**
 * One life of one consumer of one topic. It ends by `close`, or by itself: then another has to be made.
 *
 * What a fetch brings is handed over without waiting long, for kafkajs fetches from no partition while it waits: who has
 * enough pauses the partition.
 */
export class Subscription {
  /** Resolves when the consumer has ended by itself, with why. */
  readonly ended: Promise<unknown>
  readonly #consumer: Consumer
  readonly #options: SubscriptionOptions
  readonly #watch: NodeJS.Timeout
  #end!: (why: unknown) => void
  #running: Promise<void> = Promise.resolve()
  #signMs = performance.now()
  #closing: Promise<void> | undefined

  constructor (options: SubscriptionOptions) {
    const { connection, group, sessionTimeoutMs, assigner } = options
    this.#options = options
    this.ended = new Promise(resolve => { this.#end = resolve })
    this.#consumer = consumerOf(connection, {
      groupId: group,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: Math.max(30_000, sessionTimeoutMs),
      heartbeatInterval: Math.min(1000, Math.floor(sessionTimeoutMs / 5)),
      ...(assigner === undefined ? {} : { partitionAssigners: [assigner] })
    })
    this.#listen()
    this.#watch = setInterval(() => {
      if (performance.now() - this.#signMs > DEAD_MS) this.#end(new Error('the consumer gave no sign'))
    }, CHECK_MS).unref()
  }

  /** Rejects when the brokers do not answer, or have no such topic. The group is joined later. */
  async start (): Promise<void> {
    await this.#consumer.connect()
    await this.#consumer.subscribe({ topic: this.#options.topic, fromBeginning: true })
    this.#running = this.#consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: AT_ONCE,
      eachBatch: async ({ batch, isStale }) => {
        const { topic, fetched } = this.#options
        await fetched(batch.partition, batch.messages.map(message => recordOf(topic, batch.partition, message)), Number(batch.lastOffset()) + 1, isStale)
        if (batch.messages.length < LITTLE) await sleep(REST_MS)
      }
    }).catch((err: unknown) => { this.#end(err) })
  }

  seek (partition: number, offset: number): void {
    this.#steer(() => { this.#consumer.seek({ topic: this.#options.topic, partition, offset: String(offset) }) })
  }

  pause (partition: number): void {
    this.#steer(() => { this.#consumer.pause([{ topic: this.#options.topic, partitions: [partition] }]) })
  }

  resume (partition: number): void {
    this.#steer(() => { this.#consumer.resume([{ topic: this.#options.topic, partitions: [partition] }]) })
  }

  /** Leaves the group. Takes 5 s at most: what hangs in an outage ends by itself later. */
  close (): Promise<void> {
    return this.#closing ??= this.#close()
  }

  async #close (): Promise<void> {
    clearInterval(this.#watch)
    this.#end(undefined)
    // A member that is cut off while it joins would stay in the group until its session times out.
    await within(JOIN_MS, this.#running)
    await within(LEAVE_MS, this.#consumer.disconnect().catch(() => undefined)) // it leaves nothing behind that counts
  }

  #listen (): void {
    const { topic, joined, fetched, mayJoinAgain = () => true } = this.#options
    const { GROUP_JOIN, REBALANCING, START_BATCH_PROCESS, CRASH, REQUEST } = this.#consumer.events
    this.#consumer.on(GROUP_JOIN, ({ payload }) => { joined(payload.memberAssignment[topic] ?? []) })
    // What a listener throws here is kafkajs's to handle: it tries again in a moment, and asks again.
    this.#consumer.on(REBALANCING, () => {
      if (!mayJoinAgain()) throw new Error('work on the former partitions has not ended yet')
    })
    // A fetch of nothing but what no reader sees (control records, aborted or compacted ones) does not come to eachBatch.
    this.#consumer.on(START_BATCH_PROCESS, ({ payload: { partition, batchSize, lastOffset } }) => {
      if (batchSize === 0) void fetched(partition, [], Number(lastOffset) + 1, () => false)
    })
    this.#consumer.on(CRASH, ({ payload }) => { this.#end(payload.error) })
    this.#consumer.on(REQUEST, () => { this.#signMs = performance.now() })
  }

  /** Once the consumer has stopped there is nothing to steer. */
  #steer (steering: () => void): void {
    try {
      steering()
    } catch (err) {
      this.#end(err)
    }
  }
}
