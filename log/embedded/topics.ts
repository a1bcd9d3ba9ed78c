import { HammingbirdError } from '../../errors.js'
import type { KeyValue, Operation } from '../../kv/key-value.js'
import type { TopicSpec } from '../log.js'
import { FORMAT, FORMAT_KEY, NEXT_TOPIC_KEY, doomedId, doomedKey, doomedRange, encodeU64, offsetOf, offsetRange, partitionKey, partitionTables, readU64, topicKey, topicRange, topicsRange } from './keys.js'
import { Partition } from './partition.js'
import { checkSettings, settingsOf, type TopicSettings } from './topic-settings.js'

/** A topic that is there. Whoever holds one across a wait asks `gone` before it writes. */
export interface Topic {
  readonly id: number
  readonly name: string
  readonly settings: TopicSettings
  readonly partitions: readonly Partition[]
  gone: boolean
}

/**
 * The topics of a log: all of them in memory, each change durable before it counts.
 *
 * A topic is deleted by one write that takes its name away and marks its id as doomed; what it held is cleared after
 * that, or when the log is next opened.
 */
export class Topics {
  readonly #kv: KeyValue
  readonly #byName = new Map<string, Topic>()
  /** Topics whose deletion was begun and refused by the disk. */
  readonly #halfDeleted = new Map<string, Topic>()
  #nextId = 0
  /** Makes and deletes topics one at a time. */
  #turn: Promise<unknown> = Promise.resolve()

  /** @throws HammingbirdError `HAMMINGBIRD_FORMAT` when the directory holds something else. */
  static async load (kv: KeyValue): Promise<Topics> {
    const topics = new Topics(kv)
    await topics.#checkFormat()
    for await (const run of kv.iterate(doomedRange)) {
      for (const { key } of run) await topics.#clear(doomedId(key))
    }
    const nextId = await kv.get(NEXT_TOPIC_KEY)
    topics.#nextId = nextId ? readU64(nextId) : 0
    for await (const run of kv.iterate(topicsRange)) {
      for (const { key, value } of run) {
        const { id, ...settings } = JSON.parse(value.toString()) as TopicSettings & { id: number }
        await topics.#add(key.toString('utf8', 1), id, { ...settings, settledBy: settings.settledBy })
      }
    }
    return topics
  }

  private constructor (kv: KeyValue) {
    this.#kv = kv
  }

  find (name: string): Topic | undefined {
    return this.#byName.get(name)
  }

  /** @throws HammingbirdError `HAMMINGBIRD_NOT_FOUND` */
  get (name: string): Topic {
    const topic = this.#byName.get(name)
    if (topic === undefined) throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `there is no topic ${name}`)
    return topic
  }

  all (): readonly Topic[] {
    return [...this.#byName.values()]
  }

  async create (spec: TopicSpec): Promise<void> {
    const settings = settingsOf(spec)
    await this.#inTurn(async () => {
      const there = this.#byName.get(spec.name)
      if (there) return checkSettings(spec, there.settings, settings)
      const id = this.#nextId++ // for good: a refused write may yet be found when the directory is next opened
      await this.#kv.write([
        { type: 'put', key: NEXT_TOPIC_KEY, value: encodeU64(id + 1) },
        { type: 'put', key: topicKey(spec.name), value: Buffer.from(JSON.stringify({ id, ...settings })) }
      ], { sync: true })
      await this.#add(spec.name, id, settings)
    })
  }

  async delete (name: string): Promise<void> {
    await this.#inTurn(async () => {
      const topic = this.#byName.get(name) ?? this.#halfDeleted.get(name)
      if (!topic) return
      // Gone before it is written: behind this write nobody may add to the topic, though it be refused.
      this.#byName.delete(name)
      this.#halfDeleted.set(name, topic)
      topic.gone = true
      for (const partition of topic.partitions) partition.wake()
      await this.#kv.write([{ type: 'del', key: topicKey(name) }, { type: 'put', key: doomedKey(topic.id), value: Buffer.of(1) }], { sync: true })
      await this.#clear(topic.id)
      this.#halfDeleted.delete(name)
    })
  }

  async #clear (topicId: number): Promise<void> {
    for (const table of partitionTables) await this.#kv.clear(topicRange(table, topicId))
    await this.#kv.compact(topicRange('r', topicId))
    await this.#kv.write([{ type: 'del', key: doomedKey(topicId) }])
  }

  async #add (name: string, id: number, settings: TopicSettings): Promise<void> {
    const numbers = Array.from({ length: settings.partitions }, (_, number) => number)
    const entries = await this.#kv.getMany(numbers.map(number => partitionKey({ topicId: id, number })))
    const partitions = entries.map((entry, number) => new Partition(id, number, entry ? readU64(entry, 0) : 0, entry ? readU64(entry, 8) : 0))
    for (const partition of ageing(settings) ? partitions : []) {
      for await (const [newest] of this.#kv.iterate(offsetRange('m', partition, 0), { reverse: true, limit: 1 })) {
        partition.mark = { offset: offsetOf(newest!.key), atMs: newest!.value.readDoubleBE() }
      }
    }
    this.#byName.set(name, { id, name, settings, partitions, gone: false })
  }

  async #checkFormat (): Promise<void> {
    const format = await this.#kv.get(FORMAT_KEY)
    if (format?.equals(FORMAT)) return
    if (format) throw new HammingbirdError('HAMMINGBIRD_FORMAT', `the log is of format "${format}", and this program reads "${FORMAT}"`)
    for await (const _ of this.#kv.iterate({}, { limit: 1, values: false })) throw new HammingbirdError('HAMMINGBIRD_FORMAT', 'the directory holds something else than a log')
    await this.#kv.write([{ type: 'put', key: FORMAT_KEY, value: FORMAT }], { sync: true })
  }

  #inTurn (work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => {})
    return done
  }
}

/** Whether records go by age. */
export function ageing ({ cleanup }: TopicSettings): boolean {
  return cleanup === 'delete' || cleanup === 'settled'
}

/** The write that keeps where a partition begins and ends. */
export function putPartition (partition: Partition): Operation {
  return { type: 'put', key: partitionKey(partition), value: encodeU64(partition.start, partition.next) }
}
