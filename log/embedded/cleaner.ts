import type { Entry, KeyValue, Operation } from '../../kv/key-value.js'
import { decodeDirty } from './dirty.js'
import { mark } from './appender.js'
import { encodeU64, groupKey, newestKey, offsetKey, offsetOf, offsetRange, readU64 } from './keys.js'
import type { Partition } from './partition.js'
import { ageing, putPartition, type Topic, type Topics } from './topics.js'

export interface CleanerOptions {
  readonly kv: KeyValue
  readonly topics: Topics
  readonly clock: () => number
}

/** Records looked at in one step: it bounds memory, and how long others wait. */
const STEP = 500

/**
 * Takes out of topics what their cleanup says may go. A pass goes through all topics, in steps of one write each, so it
 * can end anywhere (also by a crash) and the next goes on from there.
 *
 * Compaction never reads the log over again. Each new record leaves a note with its key ('d' in keys.ts); the cleaner
 * takes the notes in order, looks up the record that was the newest of that key ('k') and deletes it. Work is in
 * proportion to what was appended, and memory to a step.
 */
export class Cleaner {
  readonly #options: CleanerOptions
  #passing: Promise<void> | undefined
  #ending = false

  constructor (options: CleanerOptions) {
    this.#options = options
  }

  /** One pass, begun after the call. */
  async clean (): Promise<void> {
    await this.#passing?.catch(() => {})
    await (this.#passing ??= this.#pass().finally(() => { this.#passing = undefined }))
  }

  /** Ends a pass at its next step. */
  async close (): Promise<void> {
    this.#ending = true
    await this.#passing?.catch(() => {})
  }

  async #pass (): Promise<void> {
    const now = this.#options.clock()
    for (const topic of this.#options.topics.all()) {
      for (const partition of topic.partitions) {
        if (topic.settings.cleanup === 'compact') {
          await this.#supersede(topic, partition)
          await this.#forget(topic, partition, now)
        } else if (ageing(topic.settings)) {
          await this.#age(topic, partition, now)
        }
      }
    }
  }

  /** Deletes the records that newer ones of the same key have made void. */
  async #supersede (topic: Topic, partition: Partition): Promise<void> {
    const { kv } = this.#options
    while (partition.cleanedTo < partition.end && !this.#stops(topic)) {
      const { end } = partition
      const notes = await first(kv, offsetRange('d', partition, partition.cleanedTo, end), STEP)
      const keys = new Map(notes.map(({ value }) => decodeDirty(value).key).map(key => [key.toString('latin1'), key]))
      const newest = await this.#newest(partition, keys)
      const operations: Operation[] = []
      for (const { key: noteKey, value } of notes) {
        const offset = offsetOf(noteKey)
        const { key, tombstone } = decodeDirty(value)
        const name = key.toString('latin1')
        const former = newest.get(name)
        if (former) operations.push({ type: 'del', key: offsetKey('r', partition, former.offset) })
        if (former?.tombstone) operations.push({ type: 'del', key: offsetKey('x', partition, former.offset) })
        if (tombstone) operations.push({ type: 'put', key: offsetKey('x', partition, offset), value })
        operations.push({ type: 'del', key: noteKey })
        newest.set(name, { offset, tombstone })
      }
      for (const [name, key] of keys) {
        const { offset, tombstone } = newest.get(name)!
        operations.push({ type: 'put', key: newestKey(partition, key), value: Buffer.concat([encodeU64(offset), Buffer.of(tombstone ? 1 : 0)]) })
      }
      await this.#write(topic, operations)
      partition.cleanedTo = notes.length < STEP ? end : offsetOf(notes.at(-1)!.key) + 1
    }
  }

  /** Deletes tombstones whose time has come; no newer record of their keys is there, or it would have taken them out. */
  async #forget (topic: Topic, partition: Partition, now: number): Promise<void> {
    for (let more = true; more && !this.#stops(topic);) {
      const to = partition.cleanedTo
      const waiting = await first(this.#options.kv, offsetRange('x', partition, partition.tombstonesFrom, to), STEP)
      const firstLeft = waiting.findIndex(({ value }) => decodeDirty(value).writtenAtMs + topic.settings.deleteRetentionMs > now)
      const due = firstLeft === -1 ? waiting : waiting.slice(0, firstLeft)
      await this.#write(topic, due.flatMap(({ key, value }) => [
        { type: 'del', key: offsetKey('r', partition, offsetOf(key)) },
        { type: 'del', key: newestKey(partition, decodeDirty(value).key) },
        { type: 'del', key }
      ]))
      more = due.length === STEP
      if (firstLeft !== -1) partition.tombstonesFrom = offsetOf(waiting[firstLeft]!.key)
      else partition.tombstonesFrom = more ? offsetOf(due.at(-1)!.key) + 1 : to
    }
  }

  /** Deletes what is older than the topic keeps, or what its group has settled. */
  async #age (topic: Topic, partition: Partition, now: number): Promise<void> {
    const { kv } = this.#options
    const { cleanup, settledBy, retentionMs } = topic.settings
    await this.#write(topic, mark(topic, partition, now))
    let start = partition.start
    for await (const run of kv.iterate(offsetRange('m', partition, start))) {
      for (const { key, value } of run) if (value.readDoubleBE() <= now - retentionMs) start = Math.max(start, offsetOf(key))
    }
    if (cleanup === 'settled') {
      const settled = await kv.get(groupKey(partition, settledBy!))
      if (settled) start = Math.max(start, readU64(settled))
    }
    if (start === partition.start || this.#stops(topic)) return
    const former = partition.start
    partition.start = start
    await this.#write(topic, [putPartition(partition)])
    await kv.clear(offsetRange('r', partition, former, start))
    await kv.clear(offsetRange('m', partition, 0, start)) // one at the start itself stays: it tells the age of what comes
  }

  /** The newest records of some keys, as far as they were looked at. */
  async #newest (partition: Partition, keys: ReadonlyMap<string, Buffer>): Promise<Map<string, Newest>> {
    const names = [...keys.keys()]
    const values = await this.#options.kv.getMany([...keys.values()].map(key => newestKey(partition, key)))
    return new Map(values.flatMap((value, i) => value ? [[names[i]!, { offset: readU64(value), tombstone: value[8] === 1 }] as const] : []))
  }

  /** Nothing is written to a topic that has gone: it would stay for ever. */
  async #write (topic: Topic, operations: readonly Operation[]): Promise<void> {
    if (!topic.gone) await this.#options.kv.write(operations)
  }

  #stops (topic: Topic): boolean {
    return this.#ending || topic.gone
  }
}

interface Newest {
  readonly offset: number
  readonly tombstone: boolean
}

async function first (kv: KeyValue, range: { gte?: Uint8Array, lt?: Uint8Array }, limit: number): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const run of kv.iterate(range, { limit })) entries.push(...run)
  return entries
}
