import { HammingbirdError } from '../../errors.js'
import type { KeyValue, Operation } from '../../kv/key-value.js'
import type { NewRecord, Position } from '../log.js'
import { partitionOfKey } from '../murmur2.js'
import { encodeDirty } from './dirty.js'
import { offsetKey } from './keys.js'
import type { Partition } from './partition.js'
import { encodeRecord, recordBytes } from './record-codec.js'
import { ageing, putPartition, type Topic, type Topics } from './topics.js'

export interface AppenderOptions {
  readonly kv: KeyValue
  readonly topics: Topics
  readonly clock: () => number
}

/**
 * Writes records. What makes it safe:
 *
 * - All that is kept of a log stands in one RocksDB directory, whose log of writes survives any crash as a prefix, each
 *   write whole. So records, the ends of their partitions and a group's position that came with them stay together.
 * - A write with records is synced, and *readers are shown them only then*: what somebody derived from a record and
 *   keeps elsewhere (the index-server's RocksDB with its positions) can never be ahead of the log, also after a loss of
 *   power. Calls made while a sync is under way share the next one (kv/write-queue.ts).
 * - A write of nothing but a position is not synced. When it is lost, work is done again whose outputs were none; and
 *   nothing that rests on it is left, for dropping what was settled comes behind it in the same log of writes.
 * - The next offset is written with each append, so it is not found by looking at the newest record, which may have gone.
 */
export class Appender {
  readonly #options: AppenderOptions
  #turn = 0

  constructor (options: AppenderOptions) {
    this.#options = options
  }

  /**
   * Appends records, with other operations in the same write. A mistake in one record is thrown before anything is
   * written or an offset taken.
   *
   * @returns where each record went.
   */
  async append (records: readonly NewRecord[], beside: readonly Operation[] = []): Promise<readonly Position[]> {
    const { kv, clock } = this.#options
    const placed = records.map(record => this.#place(record))
    const now = clock()
    const operations: Operation[] = [...beside]
    const positions: Position[] = []
    const touched = new Set<Partition>()
    for (const { record, topic, partition, bytes } of placed) {
      if (!touched.has(partition) && ageing(topic.settings)) operations.push(...mark(topic, partition, now))
      const offset = partition.take()
      touched.add(partition)
      positions.push({ topic: topic.name, partition: partition.number, offset })
      operations.push({ type: 'put', key: offsetKey('r', partition, offset), value: encodeRecord(record, bytes, record.timestampMs ?? now) })
      if (topic.settings.cleanup === 'compact') {
        const dirty = encodeDirty({ writtenAtMs: now, tombstone: record.value === null, key: record.key! })
        operations.push({ type: 'put', key: offsetKey('d', partition, offset), value: dirty })
      }
    }
    const ends = [...touched].map(partition => [partition, partition.next] as const)
    for (const partition of touched) operations.push(putPartition(partition))
    await kv.write(operations, { sync: records.length > 0 })
    for (const [partition, end] of ends) partition.publish(end)
    return positions
  }

  #place (record: NewRecord): { record: NewRecord, topic: Topic, partition: Partition, bytes: number } {
    const topic = this.#options.topics.get(record.topic)
    const { name, settings: { cleanup, maxMessageBytes }, partitions } = topic
    const { key, timestampMs = 0 } = record
    if (!Number.isSafeInteger(timestampMs) || timestampMs < 0) throw new RangeError(`timestampMs must be whole milliseconds since 1970, got ${timestampMs}`)
    if (cleanup === 'compact' && key === null) throw new TypeError(`topic ${name} is compacted: each record needs a key`)
    const number = record.partition ?? (key ? partitionOfKey(key, partitions.length) : this.#turn++ % partitions.length)
    const partition = partitions[number]
    if (partition === undefined) throw new RangeError(`topic ${name} has partitions 0 to ${partitions.length - 1}, not ${number}`)
    const bytes = recordBytes(record)
    if (bytes > maxMessageBytes) {
      throw new HammingbirdError('HAMMINGBIRD_MESSAGE_TOO_LARGE', `a record of ${bytes} bytes is more than topic ${name} takes (${maxMessageBytes})`)
    }
    return { record, topic, partition, bytes }
  }
}

/** Now and then, what tells the age of all that lies before the next offset. */
export function mark ({ settings: { segmentMs, retentionMs } }: Topic, partition: Partition, now: number): Operation[] {
  const last = partition.mark
  if (last && (last.offset === partition.next || now - last.atMs < Math.min(segmentMs, retentionMs / 4))) return []
  const atMs = Math.max(now, last?.atMs ?? 0) // a clock that was set back makes nothing older
  partition.mark = { offset: partition.next, atMs }
  const value = Buffer.allocUnsafe(8)
  value.writeDoubleBE(atMs)
  return [{ type: 'put', key: offsetKey('m', partition, partition.next), value }]
}
