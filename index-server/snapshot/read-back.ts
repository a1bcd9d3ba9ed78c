import { createHash } from 'node:crypto'
import { HammingbirdError } from '../../errors.js'
import type { Log, NewRecord, Position } from '../../log/log.js'

/** Remembers what was written where, to find it there again: six bytes of a checksum a record. */
export class ReadBack {
  readonly #written = new Map<string, Map<number, Map<number, number>>>()

  /** @param positions where the records stand, in their order. */
  add (records: readonly NewRecord[], positions: readonly Position[]): void {
    for (const [i, { topic, partition, offset }] of positions.entries()) {
      const partitions = this.#written.get(topic) ?? new Map<number, Map<number, number>>()
      const offsets = partitions.get(partition) ?? new Map<number, number>()
      offsets.set(offset, checksum(records[i]!))
      this.#written.set(topic, partitions.set(partition, offsets))
    }
  }

  /**
   * Reads every topic and finds all that was written, as it was written. Of a compacted topic a record may be gone that
   * another of its key has followed.
   *
   * @throws HammingbirdError `HAMMINGBIRD_STORAGE` naming the topic where something else stands.
   */
  async prove (log: Log, reader: string): Promise<void> {
    for (const [topic, partitions] of this.#written) {
      const compacted = (await log.describeTopic(topic))?.cleanup === 'compact'
      const ends = await log.ends(topic)
      const left = new Map((await log.starts(topic)).entries())
      let missing = [...partitions.values()].reduce((sum, { size }) => sum + size, 0)
      for (const [partition, next] of left) if (next >= ends[partition]!) left.delete(partition)
      if (left.size > 0) {
        await using source = log.read({ topic, reader, from: left })
        while (left.size > 0) {
          const { partition, records, next } = await source.poll()
          if (!left.has(partition)) continue
          for (const record of records) {
            const expected = partitions.get(partition)?.get(record.offset)
            if (expected !== checksum(record)) throw different(topic)
            missing--
          }
          if (next >= ends[partition]!) left.delete(partition)
        }
      }
      if (missing > 0 && !compacted) throw different(topic)
    }
  }
}

function different (topic: string): HammingbirdError {
  return new HammingbirdError('HAMMINGBIRD_STORAGE', `${topic} does not hold what was restored to it: restore again`)
}

function checksum ({ key, value }: Pick<NewRecord, 'key' | 'value'>): number {
  const hash = createHash('sha256')
  hash.update(`${key?.length ?? -1} ${value?.length ?? -1} `)
  if (key) hash.update(key)
  if (value) hash.update(value)
  return hash.digest().readUIntBE(0, 6)
}
