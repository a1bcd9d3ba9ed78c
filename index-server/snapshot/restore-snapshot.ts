import { HammingbirdError } from '../../errors.js'
import type { Headers, Log, NewRecord } from '../../log/log.js'
import { CodeRecord, ModelEvent } from '../../proto/gen/hammingbird/v1/log.js'
import type { SnapshotGroup, SnapshotManifest, SnapshotRecord } from '../../proto/gen/hammingbird/v1/snapshot.js'
import { Collections, type CollectionConfig } from '../../registry/collections.js'
import { codesSpec, topicsOf, type CollectionTopics } from '../../topics/names.js'
import { ELSEWHERE, movedSource, readSetAside } from '../../topics/set-aside.js'
import { ItemOffsets } from './item-offsets.js'
import { readPieces } from './pieces.js'
import { ReadBack } from './read-back.js'
import { verifySnapshot, type VerifiedSnapshot } from './verify-snapshot.js'

export interface RestoreSnapshotOptions {
  readonly log: Log
  /** Who reads. */
  readonly reader: string
  /** Begins to read the archive anew with each call. */
  readonly archive: () => AsyncIterable<Uint8Array>
  /** What `verifySnapshot` said of the archive, where it was asked before. @default it is asked first */
  readonly verified?: VerifiedSnapshot
  /** Told after each part. @default nobody */
  readonly restored?: (part: string, records: number) => void
}

export interface Restored {
  readonly collection: string
  readonly takenAt: Date
  readonly records: number
}

/**
 * Makes the collection of an archive in a log where it is not: the archive is held to its checksums before anything is
 * written, and what was written is read back after. Items get new positions there, and codes go with them; encoders go
 * on where they were, so only what had no code yet is encoded. The tables fill from the log, as they always do.
 *
 * The collection is there when all of it is, read back: broken off before that nothing is, and the same can be done again.
 *
 * @throws HammingbirdError `HAMMINGBIRD_FORMAT` for a damaged archive, `…_ALREADY_EXISTS` for a collection that is there,
 * `…_STORAGE` when something else is read back.
 */
export async function restoreSnapshot ({ log, reader, archive, verified, restored = () => {} }: RestoreSnapshotOptions): Promise<Restored> {
  const { header, manifest } = verified ?? await verifySnapshot(archive())
  const config = JSON.parse(header.config) as CollectionConfig
  const topics = topicsOf(config.name)
  await using collections = await Collections.open(log, reader)
  await collections.createFilled(config, async made => {
    const restore = new Restore(log, topics, manifest, restored)
    // First what others refer to, last what begins work.
    await restore.parts(archive(), part => part !== 'images' && !isCodes(part))
    for (const { part } of manifest.parts) if (isCodes(part)) await log.createTopic(codesSpec(config.name, versionOf(part), collections.topicSettings(made)))
    await restore.parts(archive(), isCodes)
    await restore.groups()
    await restore.parts(archive(), part => part === 'images')
    await restore.readBack.prove(log, `${reader}.proof`)
  })
  return { collection: config.name, takenAt: new Date(header.takenAtMs), records: manifest.parts.reduce((sum, { records }) => sum + records, 0) }
}

class Restore {
  readonly readBack = new ReadBack()
  readonly #items = new ItemOffsets()
  /** Where events stand now: each names the one it expects to follow by its offset. */
  readonly #events = new Map([[-1, -1]])

  /** Up to where each partition of images was settled. */
  readonly #settled: readonly number[]

  constructor (private readonly log: Log, private readonly topics: CollectionTopics, private readonly manifest: SnapshotManifest, private readonly restored: (part: string, records: number) => void) {
    this.#settled = manifest.parts.find(({ part }) => part === 'images')?.groups.find(({ group }) => group === 'ingest')?.next ?? []
  }

  async parts (archive: AsyncIterable<Uint8Array>, wanted: (part: string) => boolean): Promise<void> {
    const counts = new Map<string, number>()
    for await (const { piece } of readPieces(archive)) {
      if (piece.$case !== 'records' || !wanted(piece.value.part)) continue
      const { part, records } = piece.value
      let written = 0
      if (part === 'models') for (const record of records) written += await this.#append(part, [record]) // each may name the one before
      else written = await this.#append(part, records)
      counts.set(part, (counts.get(part) ?? 0) + written)
    }
    for (const [part, records] of counts) this.restored(part, records)
  }

  /** Puts the encoders of every version where they were. */
  async groups (): Promise<void> {
    const ends = await this.log.ends(this.topics.items)
    for (const { group, next } of this.manifest.parts.find(({ part }) => part === 'items')?.groups ?? []) {
      const now = next.map((before, partition) => this.#items.from(partition, before, ends[partition] ?? 0))
      await this.#commit({ group: this.topics.encodeGroup(group.slice('encode.'.length)), next: now })
    }
  }

  /** @returns how many were written. */
  async #append (part: string, records: readonly SnapshotRecord[]): Promise<number> {
    const written = records.flatMap(record => this.#written(part, record))
    const positions = await this.log.append(written)
    this.readBack.add(written, positions)
    if (part === 'items') for (const [i, { partition, offset }] of records.entries()) this.#items.add(partition, offset, positions[i]!.offset)
    if (part === 'models') this.#events.set(records[0]!.offset, positions[0]!.offset)
    return written.length
  }

  /**
   * A record as it is written here. The code of an item that did not come along is left out: its item has a newer one. So
   * is an image that was settled: its item is there, or a newer one, which the image would undo.
   */
  #written (part: string, { partition, offset, key, value, headers, timestampMs }: SnapshotRecord): NewRecord[] {
    const record = { topic: topicOf(this.topics, part), key: key ?? null, value: value ?? null, headers, timestampMs }
    if (part === 'images') return offset < (this.#settled[partition] ?? 0) ? [] : [record] // they may have any number of partitions
    if (part === 'models' && value !== undefined) {
      const event = ModelEvent.decode(value)
      const expects = this.#events.get(event.expects) ?? -2 // it expected what never was, and goes on to
      return [{ ...record, partition, value: Buffer.from(ModelEvent.encode({ ...event, expects }).finish()) }]
    }
    if (isCodes(part) && value !== undefined) {
      const code = CodeRecord.decode(value)
      const itemOffset = this.#items.of(partition, code.itemOffset)
      return itemOffset === undefined ? [] : [{ ...record, partition, value: Buffer.from(CodeRecord.encode({ ...code, itemOffset }).finish()) }]
    }
    if (part === 'set-aside') return [{ ...record, partition, headers: this.#setAside(headers) }]
    return [{ ...record, partition }]
  }

  /**
   * An item that was set aside stands elsewhere now, and one that did not come along has a newer one. Images come without
   * their offsets: an old one says nothing beside those given here, and would make what is published here look older.
   */
  #setAside (headers: Headers): Headers {
    const { source: { topic, partition, offset } } = readSetAside(headers)
    if (topic === this.topics.items) return movedSource(headers, this.#items.of(partition, offset) ?? ELSEWHERE)
    return topic === this.topics.images ? movedSource(headers, ELSEWHERE) : headers
  }

  async #commit ({ group, next }: SnapshotGroup): Promise<void> {
    const left = new Set(next.keys())
    let done = (): void => {}
    const all = new Promise<void>(resolve => { done = resolve })
    await using member = await this.log.join({
      group,
      topic: this.topics.items,
      run: async claim => {
        await claim.commit([], next[claim.partition] ?? 0)
        left.delete(claim.partition)
        if (left.size === 0) done()
      }
    })
    await Promise.race([all, member.ended])
  }
}

function isCodes (part: string): boolean {
  return part.startsWith('codes.')
}

function versionOf (part: string): string {
  return part.slice('codes.'.length)
}

function topicOf (topics: CollectionTopics, part: string): string {
  if (isCodes(part)) return topics.codes(versionOf(part))
  const named: Readonly<Record<string, string>> = { images: topics.images, items: topics.items, labels: topics.labels, models: topics.models, artifacts: topics.artifacts, 'set-aside': topics.setAside }
  const topic = named[part]
  if (topic === undefined) throw new HammingbirdError('HAMMINGBIRD_FORMAT', `the snapshot has a part ${JSON.stringify(part)}, which this release does not know`)
  return topic
}
