import type { Kafka, Producer } from 'kafkajs'
import type { NewRecord, Position } from '../log.js'
import { producerOf } from './client.js'
import { fromKafka, kafkaTypeOf } from './errors.js'
import { place, type Placed } from './records.js'
import { send } from './sender.js'
import type { Topics } from './topics.js'

interface Waiting {
  readonly placed: readonly Placed[]
  readonly resolve: (positions: readonly Position[]) => void
  readonly reject: (err: Error) => void
}

/** Most appends that go out together. */
const MOST_TOGETHER = 1000
/**
 * What another producer may succeed at, for nothing was written: the brokers have forgotten this one, or it has once
 * sent to a topic that was deleted since, after which it fails at everything.
 */
const ofProducer = new Set(['OUT_OF_ORDER_SEQUENCE_NUMBER', 'UNKNOWN_PRODUCER_ID', 'INVALID_PRODUCER_EPOCH', 'UNKNOWN_TOPIC_OR_PARTITION'])

/**
 * Appends outside of transactions. What is appended while a request is under way goes out together after it, since a
 * request costs kafkajs four times what a record in it does.
 *
 * What kafkajs sends again is there once. An append that was refused as `HAMMINGBIRD_LOG_UNAVAILABLE` may be there all the
 * same: who appends it again may have it twice.
 */
export class Appender {
  readonly #kafka: Kafka
  readonly #topics: Topics
  readonly #spread = { count: 0 }
  readonly #waiting: Waiting[] = []
  #sending: Promise<void> | undefined
  #producer: Promise<Producer> | undefined

  constructor (kafka: Kafka, topics: Topics) {
    this.#kafka = kafka
    this.#topics = topics
  }

  async append (records: readonly NewRecord[]): Promise<readonly Position[]> {
    if (records.length === 0) return []
    await this.#topics.learn(records)
    const placed = place(records, this.#topics.limitsOf, this.#spread)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ placed, resolve, reject })
      this.#sending ??= this.#sendAll().finally(() => { this.#sending = undefined })
    })
  }

  /** Sends what waits first. */
  async close (): Promise<void> {
    await this.#sending
    await this.#drop()
  }

  async #sendAll (): Promise<void> {
    await Promise.resolve() // what is appended in this turn goes together
    while (this.#waiting.length > 0) {
      const together = this.#waiting.splice(0, MOST_TOGETHER)
      try {
        this.#answer(together, await this.#send(together))
      } catch (err) {
        if (together.length === 1) this.#refuse(together[0]!, err)
        else for (const one of together) await this.#send([one]).then(positions => { this.#answer([one], positions) }, (own: unknown) => { this.#refuse(one, own) })
      }
    }
  }

  async #send (together: readonly Waiting[]): Promise<readonly Position[]> {
    const placed = together.flatMap(({ placed }) => placed)
    for (let times = 1; ; times++) {
      try {
        return await send(await (this.#producer ??= this.#connect()), placed, this.#topics.limitsOf)
      } catch (err) {
        await this.#drop()
        if (times === 2 || !ofProducer.has(kafkaTypeOf(err) ?? '')) throw err
      }
    }
  }

  async #connect (): Promise<Producer> {
    const producer = producerOf(this.#kafka)
    await producer.connect()
    return producer
  }

  async #drop (): Promise<void> {
    const producer = this.#producer
    this.#producer = undefined
    await producer?.then(producer => producer.disconnect()).catch(() => undefined) // it has nothing in hand
  }

  #answer (together: readonly Waiting[], positions: readonly Position[]): void {
    let at = 0
    for (const { placed, resolve } of together) resolve(positions.slice(at, at += placed.length))
  }

  #refuse ({ placed, reject }: Waiting, err: unknown): void {
    const topics = [...new Set(placed.map(({ record }) => record.topic))]
    for (const topic of topics) this.#topics.forget(topic)
    reject(fromKafka(err, `appending to ${topics.join(', ')}`))
  }
}
