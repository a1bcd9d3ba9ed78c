import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin, Kafka } from 'kafkajs'
import { HammingbirdError } from '../../errors.js'
import { fromKafka, isUnknownTopic } from './errors.js'

const TRY_MS = 15_000
const PAUSE_MS = 100

/**
 * Asks the brokers, one question at a time: kafkajs keeps one table of topics a client, and two questions at once
 * would take it from each other. After a failure the client is replaced: one that has asked for a topic that was
 * deleted since fails at everything.
 */
export class Administrator {
  readonly #kafka: Kafka
  #admin: Promise<Admin> | undefined
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor (kafka: Kafka) {
    this.#kafka = kafka
  }

  /**
   * Tries for 15 s while no broker answers.
   *
   * @param doing for people: `describing topic default.images`.
   */
  ask<T> (doing: string, question: (admin: Admin) => Promise<T>): Promise<T> {
    const startedMs = performance.now()
    const answer = this.#last.then(() => this.#try(doing, question, startedMs))
    this.#last = answer.catch(() => undefined) // its asker hears of it
    return answer
  }

  /** What is being asked is answered first. */
  async close (): Promise<void> {
    this.#closed = true
    await this.#last
    await this.#drop()
  }

  async #try<T> (doing: string, question: (admin: Admin) => Promise<T>, startedMs: number): Promise<T> {
    for (let unknown = 0; ;) {
      try {
        return await question(await (this.#admin ??= this.#connect()))
      } catch (err) {
        await this.#drop()
        const ours = fromKafka(err, doing)
        if (isUnknownTopic(err) && unknown++ === 0) continue // may be another topic than the one asked for
        if (this.#closed || !(ours instanceof HammingbirdError) || !ours.retryable || performance.now() - startedMs > TRY_MS) throw ours
        await sleep(PAUSE_MS)
      }
    }
  }

  async #connect (): Promise<Admin> {
    const admin = this.#kafka.admin({ retry: { retries: 2 } })
    await admin.connect()
    return admin
  }

  async #drop (): Promise<void> {
    const admin = this.#admin
    this.#admin = undefined
    await admin?.then(admin => admin.disconnect()).catch(() => undefined) // it failed already
  }
}
