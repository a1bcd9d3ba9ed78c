import type { Kafka } from 'kafkajs'
import { HammingbirdError } from '../errors.js'
import { Administrator } from './kafka/admin.js'
import { Appender } from './kafka/appender.js'
import { kafkaOf, type KafkaConnection, type KafkaLogin } from './kafka/client.js'
import { holdName } from './kafka/hold.js'
import { KafkaMember } from './kafka/member.js'
import { KafkaReader } from './kafka/reader.js'
import { reach } from './kafka/reach.js'
import { Topics } from './kafka/topics.js'
import { within } from './kafka/within.js'
import type { GroupMember, JoinOptions, Log, LogReader, NewRecord, Position, ReadOptions, TopicDescription, TopicSpec } from './log.js'

export type KafkaLogOptions = KafkaConnection
export type { KafkaLogin }

/** What waits for a broker that has gone is waited for so long at the end. */
const CLOSE_MS = 10_000

/**
 * The log that is a Kafka cluster, of version 2.5 or later. Its parts are in log/kafka/: how a partition changes hands is
 * said in claim.ts and member.ts, how readers do without a group in reader.ts.
 *
 * A call waits about 20 s for brokers that do not answer; readers and members wait for ever.
 */
export class KafkaLog implements Log {
  readonly kind = 'kafka'
  readonly #connection: KafkaConnection
  readonly #kafka: Kafka
  readonly #administrator: Administrator
  readonly #topics: Topics
  readonly #appender: Appender
  readonly #open = new Set<{ close (): Promise<void> }>()
  #closing: Promise<void> | undefined

  /** @throws HammingbirdError `HAMMINGBIRD_LOG_UNAVAILABLE`, within 3 s, when no broker answers, `…_INVALID` when they let nobody in. */
  static async open (options: KafkaLogOptions): Promise<KafkaLog> {
    if (options.brokers.length === 0) throw new RangeError('brokers must name one at least')
    await reach(options)
    const log = new KafkaLog(options)
    try {
      await log.listTopics()
      return log
    } catch (err) {
      await log.close()
      throw err
    }
  }

  private constructor (connection: KafkaConnection) {
    this.#connection = connection
    this.#kafka = kafkaOf(connection)
    this.#administrator = new Administrator(this.#kafka)
    this.#topics = new Topics(this.#administrator)
    this.#appender = new Appender(this.#kafka, this.#topics)
  }

  async createTopic (spec: TopicSpec): Promise<void> {
    this.#assertOpen()
    await this.#topics.create(spec)
  }

  async describeTopic (name: string): Promise<TopicDescription | undefined> {
    this.#assertOpen()
    return await this.#topics.describe(name)
  }

  async listTopics (): Promise<readonly string[]> {
    this.#assertOpen()
    return await this.#topics.list()
  }

  async deleteTopic (name: string): Promise<void> {
    this.#assertOpen()
    await this.#topics.delete(name)
  }

  async append (records: readonly NewRecord[]): Promise<readonly Position[]> {
    this.#assertOpen()
    return await this.#appender.append(records)
  }

  async starts (topic: string): Promise<readonly number[]> {
    this.#assertOpen()
    return (await this.#topics.offsets(topic)).map(({ start }) => start)
  }

  async ends (topic: string): Promise<readonly number[]> {
    this.#assertOpen()
    return (await this.#topics.offsets(topic)).map(({ end }) => end)
  }

  async committed (group: string, topic: string): Promise<readonly (number | undefined)[]> {
    this.#assertOpen()
    return await this.#topics.committed(group, topic)
  }

  read (options: ReadOptions): LogReader {
    this.#assertOpen()
    const reader: KafkaReader = new KafkaReader(options, this.#connection, this.#topics, () => this.#open.delete(reader))
    this.#open.add(reader)
    return reader
  }

  async join (options: JoinOptions): Promise<GroupMember> {
    this.#assertOpen()
    await this.#topics.partitions(options.topic)
    this.#assertOpen()
    const member: KafkaMember = new KafkaMember({
      ...options,
      kafka: this.#kafka,
      connection: this.#connection,
      topics: this.#topics,
      left: () => this.#open.delete(member)
    })
    this.#open.add(member)
    return member
  }

  /**
   * Takes a name that one process of a deployment may have at a time, until it is disposed of. A former holder that was
   * killed is waited for, about 12 s.
   *
   * @param topic any that is there.
   * @throws HammingbirdError `HAMMINGBIRD_LOCKED` when another process has it.
   */
  async hold (name: string, topic: string): Promise<AsyncDisposable> {
    this.#assertOpen()
    await this.#topics.partitions(topic)
    return await holdName(name, topic, this.#connection, this.#administrator)
  }

  close (): Promise<void> {
    return this.#closing ??= this.#close()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  async #close (): Promise<void> {
    await Promise.all([...this.#open].map(open => open.close()))
    await within(CLOSE_MS, this.#appender.close())
    await within(CLOSE_MS, this.#administrator.close())
  }

  #assertOpen (): void {
    if (this.#closing !== undefined) throw new HammingbirdError('HAMMINGBIRD_NOT_OPEN', 'the log is closed')
  }
}
