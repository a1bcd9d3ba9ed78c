import { setTimeout as sleep } from 'node:timers/promises'
import type { Kafka, Producer, Transaction } from 'kafkajs'
import { HammingbirdError } from '../../errors.js'
import type { Claim, LogBatch, LogRecord, NewRecord, PollLimits, Position } from '../log.js'
import { transactionalProducerOf } from './client.js'
import { fromKafka, kafkaTypeOf } from './errors.js'
import { checkPosition } from './positions.js'
import { limitsOf, Prefetch } from './prefetch.js'
import { place } from './records.js'
import { send } from './sender.js'
import type { Subscription } from './subscription.js'
import type { Topics } from './topics.js'
import { Waker } from './waker.js'
import { within } from './within.js'

export interface ClaimOptions {
  readonly kafka: Kafka
  readonly topics: Topics
  readonly group: string
  readonly topic: string
  readonly partition: number
  /** Fetches from the partition, or no more for now. */
  readonly pause: (paused: boolean) => void
  /** Told when the partition is lost by what a commit was answered. */
  readonly lost: () => void
}

const AGAIN_MS = 5
const AGAIN_TIMES = 200
const LEAVE_MS = 5000
const SETTLE_MS = 250
/**
 * A transaction is five requests and a dozen appends in the broker, whatever is in it. Begun one after the other, those of a few
 * partitions would keep two processors busy with 60 images a second; so each rests for as many times as long as the last ones took.
 */
const REST_TIMES = 6
const MOST_REST_MS = 150

/**
 * A partition while this member has it. Its producer is named for group, topic and partition: to open it is to fence
 * whoever had the partition before, and to end what that one had begun, so the position read after that is the last.
 */
export class KafkaClaim implements Claim {
  readonly topic: string
  readonly partition: number
  readonly #options: ClaimOptions
  readonly #producer: Producer
  readonly #waker = new Waker()
  readonly #abort = new AbortController()
  readonly #spread = { count: 0 }
  #prefetch: Prefetch | undefined
  #paused = false
  #polling = false
  #committing: Promise<unknown> | undefined
  #activeMs = performance.now()
  #polledTo = 0
  /** What a commit takes: each new one counts for a quarter. */
  #commitMs = 0

  constructor (options: ClaimOptions) {
    this.#options = options
    this.topic = options.topic
    this.partition = options.partition
    this.#producer = transactionalProducerOf(options.kafka, `${options.group}-${options.topic}-${options.partition}`)
  }

  get signal (): AbortSignal {
    return this.#abort.signal
  }

  get restMs (): number {
    return Math.min(MOST_REST_MS, REST_TIMES * this.#commitMs)
  }

  /** Fences the former owner. @returns where to read from. */
  async open (): Promise<number> {
    const { topics, topic, partition } = this.#options
    await this.#producer.connect()
    const transaction = await this.#producer.transaction() // the first one of a producer fences
    await transaction.abort()
    const committed = await this.#settled()
    const start = await checkPosition(topics, topic, partition, committed ?? 0)
    const position = Math.max(start, committed ?? 0)
    this.#prefetch = new Prefetch(position)
    this.#polledTo = position
    this.#activeMs = performance.now()
    return position
  }

  /**
   * Where the group stands. Kafka shows what a transaction committed some ms after it has ended it, and kafkajs cannot ask for what is
   * stable: two answers, a while apart, must agree, or what the former owner has copied would be copied again.
   */
  async #settled (): Promise<number | undefined> {
    const { topics, group, topic, partition } = this.#options
    for (let before = (await topics.committed(group, topic))[partition]; ;) {
      await sleep(SETTLE_MS)
      const now = (await topics.committed(group, topic))[partition]
      if (now === before) return now
      before = now
    }
  }

  /** Tells a consumer that has joined anew where it was. */
  fetchAgain (subscription: Pick<Subscription, 'seek' | 'pause'>): void {
    if (this.#prefetch === undefined) return
    subscription.seek(this.partition, this.#prefetch.next)
    if (this.#paused) subscription.pause(this.partition)
  }

  /** Takes in what a fetch brought, once it is open. */
  fetched (records: readonly LogRecord[], next: number): void {
    if (this.#prefetch === undefined || this.signal.aborted) return
    this.#prefetch.push(records, next)
    if (this.#prefetch.full && !this.#paused) {
      this.#paused = true
      this.#options.pause(true)
    }
    this.#waker.wake()
  }

  /** Whether work on it has shown itself within this time. To wait for records, or for a commit, is to work. */
  active (withinMs: number): boolean {
    return this.#prefetch === undefined || this.#polling || this.#committing !== undefined || performance.now() - this.#activeMs < withinMs
  }

  /** Takes the partition away. */
  lose (reason: HammingbirdError): void {
    if (this.signal.aborted) return
    this.#abort.abort(reason)
    this.#waker.wake()
  }

  /** Resolves when nothing of it is under way any more. */
  async close (): Promise<void> {
    await this.#committing?.catch(() => undefined) // its caller hears of it
    await within(LEAVE_MS, this.#producer.disconnect().catch(() => undefined)) // what it had begun, the next owner ends
  }

  async poll (limits: PollLimits = {}): Promise<LogBatch> {
    const room = limitsOf(limits)
    this.#polling = true
    try {
      for (;;) {
        this.signal.throwIfAborted()
        const run = this.#prefetch!.take(room)
        if (run !== undefined) {
          this.#unpause()
          this.#polledTo = Math.max(this.#polledTo, run.next)
          return { topic: this.topic, partition: this.partition, ...run }
        }
        await this.#waker.wait()
      }
    } finally {
      this.#polling = false
      this.beat()
    }
  }

  async commit (outputs: readonly NewRecord[], next: number): Promise<readonly Position[]> {
    if (!Number.isInteger(next) || next < 0 || next > this.#polledTo) throw new RangeError(`next must be an offset that was polled, to ${this.#polledTo}, got ${next}`)
    if (this.#committing !== undefined) throw new TypeError('one commit at a time')
    this.signal.throwIfAborted()
    const begunMs = performance.now()
    const committing = this.#commit(outputs, next)
    this.#committing = committing
    try {
      return await committing
    } finally {
      this.#commitMs += (performance.now() - begunMs - this.#commitMs) / 4
      this.#committing = undefined
      this.beat()
    }
  }

  beat (): void {
    this.#activeMs = performance.now()
  }

  async #commit (outputs: readonly NewRecord[], next: number): Promise<readonly Position[]> {
    const { topics, group, topic, partition } = this.#options
    // What can be refused is refused before anything is begun.
    await topics.learn(outputs)
    const placed = place(outputs, topics.limitsOf, this.#spread)
    let transaction: Transaction | undefined
    try {
      transaction = await this.#producer.transaction()
      const positions = await send(transaction, placed, topics.limitsOf)
      await this.#sendOffset(transaction, next)
      await transaction.commit()
      topics.note(group, topic, partition, next, positions)
      return positions
    } catch (err) {
      for (const topic of new Set(outputs.map(({ topic }) => topic))) topics.forget(topic)
      const ours = fromKafka(err, `committing ${topic} partition ${partition}`)
      // Unless it is known to have come to nothing, it may have been committed: only the next owner can tell.
      const undone = ours instanceof HammingbirdError && !ours.retryable && await transaction?.abort().then(() => true, () => false) === true
      if (!undone) {
        this.lose(ours instanceof HammingbirdError ? ours : new HammingbirdError('HAMMINGBIRD_LOG_UNAVAILABLE', ours.message, { cause: ours }))
        this.#options.lost()
      }
      throw ours
    }
  }

  /** Kafka refuses it for some ms while it ends the former transaction, and kafkajs tries it only once. */
  async #sendOffset (transaction: Transaction, next: number): Promise<void> {
    const { group, topic, partition } = this.#options
    for (let times = 1; ; times++) {
      try {
        await transaction.sendOffsets({ consumerGroupId: group, topics: [{ topic, partitions: [{ partition, offset: String(next) }] }] })
        return
      } catch (err) {
        if (kafkaTypeOf(err) !== 'CONCURRENT_TRANSACTIONS' || times === AGAIN_TIMES) throw err
        await sleep(AGAIN_MS)
      }
    }
  }

  #unpause (): void {
    if (!this.#paused || this.#prefetch!.full) return
    this.#paused = false
    this.#options.pause(false)
  }
}
