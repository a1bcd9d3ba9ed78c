import { HammingbirdError } from '../errors.js'
import { RocksKeyValue, type RocksOptions } from '../kv/rocks.js'
import type { KeyValue } from '../kv/key-value.js'
import { Appender } from './embedded/appender.js'
import { Cleaner } from './embedded/cleaner.js'
import { Group } from './embedded/group.js'
import { groupKey, offsetOf, offsetRange, readU64 } from './embedded/keys.js'
import type { Partition } from './embedded/partition.js'
import { EmbeddedReader } from './embedded/reader.js'
import { describe } from './embedded/topic-settings.js'
import { Topics } from './embedded/topics.js'
import type { GroupMember, JoinOptions, Log, LogReader, NewRecord, Position, ReadOptions, TopicDescription, TopicSpec } from './log.js'

export interface EmbeddedLogOptions extends RocksOptions {
  /** Unix time in ms: of records without one, and what retention goes by. @default Date.now */
  readonly clock?: () => number
  /** How often what may go is taken out; `Infinity` for never, but by `clean`. @default 10 s */
  readonly cleanEveryMs?: number
}

/**
 * The log of one machine: all of it in one RocksDB directory, which belongs to this process. Its parts are in
 * log/embedded/: how writes are kept safe is said in appender.ts, what is on disk in keys.ts.
 *
 * Records go by the time they were appended, not by `timestampMs`. Of a topic with cleanup `settled`, what `settledBy`
 * has committed past goes with the next pass.
 */
export class EmbeddedLog implements Log {
  readonly kind = 'embedded'
  readonly #kv: KeyValue
  readonly #topics: Topics
  readonly #appender: Appender
  readonly #cleaner: Cleaner
  readonly #cleaning: NodeJS.Timeout | undefined
  readonly #groups = new Map<string, Group>()
  readonly #readers = new Set<EmbeddedReader>()
  #closing: Promise<void> | undefined

  /** @throws HammingbirdError `HAMMINGBIRD_LOCKED`, `…_FORMAT`, `…_STORAGE` */
  static async open (options: EmbeddedLogOptions): Promise<EmbeddedLog> {
    const { clock = Date.now, cleanEveryMs = 10_000, ...rocks } = options
    if (!(cleanEveryMs > 0)) throw new RangeError(`cleanEveryMs must be more than 0, got ${cleanEveryMs}`)
    const kv = await RocksKeyValue.open(rocks)
    try {
      return new EmbeddedLog(kv, await Topics.load(kv), clock, cleanEveryMs)
    } catch (err) {
      await kv.close()
      throw err
    }
  }

  private constructor (kv: KeyValue, topics: Topics, clock: () => number, cleanEveryMs: number) {
    this.#kv = kv
    this.#topics = topics
    this.#appender = new Appender({ kv, topics, clock })
    this.#cleaner = new Cleaner({ kv, topics, clock })
    if (cleanEveryMs === Infinity) return
    this.#cleaning = setInterval(() => {
      this.#cleaner.clean().catch((err: Error) => { if (!this.#closing) process.emitWarning(err) }) // the next pass tries again
    }, cleanEveryMs).unref()
  }

  async createTopic (spec: TopicSpec): Promise<void> {
    this.#assertOpen()
    await this.#topics.create(spec)
  }

  async describeTopic (name: string): Promise<TopicDescription | undefined> {
    this.#assertOpen()
    const topic = this.#topics.find(name)
    return topic && describe(name, topic.settings)
  }

  async listTopics (): Promise<readonly string[]> {
    this.#assertOpen()
    return this.#topics.all().map(({ name }) => name)
  }

  async deleteTopic (name: string): Promise<void> {
    this.#assertOpen()
    await this.#topics.delete(name)
  }

  async append (records: readonly NewRecord[]): Promise<readonly Position[]> {
    this.#assertOpen()
    return this.#appender.append(records)
  }

  async starts (topic: string): Promise<readonly number[]> {
    this.#assertOpen()
    return Promise.all(this.#topics.get(topic).partitions.map(partition => this.#firstOffset(partition)))
  }

  async ends (topic: string): Promise<readonly number[]> {
    this.#assertOpen()
    return this.#topics.get(topic).partitions.map(({ end }) => end)
  }

  async committed (group: string, topic: string): Promise<readonly (number | undefined)[]> {
    this.#assertOpen()
    const positions = await this.#kv.getMany(this.#topics.get(topic).partitions.map(partition => groupKey(partition, group)))
    return positions.map(position => position && readU64(position))
  }

  read ({ topic, from }: ReadOptions): LogReader {
    this.#assertOpen()
    const reader = new EmbeddedReader({ kv: this.#kv, topics: this.#topics, topic, from }, reader => this.#readers.delete(reader))
    this.#readers.add(reader)
    return reader
  }

  async join (options: JoinOptions): Promise<GroupMember> {
    this.#assertOpen()
    const topic = this.#topics.get(options.topic)
    const key = `${topic.id} ${options.group}`
    let group = this.#groups.get(key)
    if (!group) {
      group = new Group({
        name: options.group,
        topic,
        kv: this.#kv,
        topics: this.#topics,
        append: (records, beside) => this.#appender.append(records, beside),
        onEmpty: () => { if (this.#groups.get(key) === group) this.#groups.delete(key) }
      })
      this.#groups.set(key, group)
    }
    return group.join(options)
  }

  /** Takes out what may go, now: passes come by themselves, too. */
  async clean (): Promise<void> {
    this.#assertOpen()
    await this.#cleaner.clean()
  }

  close (): Promise<void> {
    return this.#closing ??= this.#close()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  async #close (): Promise<void> {
    clearInterval(this.#cleaning)
    await Promise.all([...this.#groups.values()].map(group => group.close()))
    await Promise.all([...this.#readers].map(reader => reader.close()))
    await this.#cleaner.close()
    await this.#kv.close()
  }

  async #firstOffset (partition: Partition): Promise<number> {
    const { end } = partition
    for await (const [record] of this.#kv.iterate(offsetRange('r', partition, partition.start, end), { limit: 1, values: false })) return offsetOf(record!.key)
    return end
  }

  #assertOpen (): void {
    if (this.#closing) throw new HammingbirdError('HAMMINGBIRD_NOT_OPEN', 'the log is closed')
  }
}
