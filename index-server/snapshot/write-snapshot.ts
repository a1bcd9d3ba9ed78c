import { createHash } from 'node:crypto'
import type { Log, LogRecord } from '../../log/log.js'
import type { SnapshotGroup, SnapshotPart, SnapshotRecord } from '../../proto/gen/hammingbird/v1/snapshot.js'
import type { CollectionConfig } from '../../registry/collections.js'
import { topicsOf } from '../../topics/names.js'
import { isProgress } from '../../topics/progress.js'
import { FORMAT, writePiece, type WrittenPiece } from './pieces.js'

export interface WriteSnapshotOptions {
  readonly log: Log
  /** Who reads: distinct among the processes of one deployment. */
  readonly reader: string
  readonly release: string
  readonly config: CollectionConfig
  /** Those whose codes go along. */
  readonly versions: readonly string[]
}

/** How often a topic's end is asked for anew: what is written meanwhile goes along, and may stand for what compaction took. */
const CHASES = 20

interface Part {
  readonly part: string
  readonly topic: string
  /** Asked just before it is read: where each partition begins. @default at the start */
  readonly from?: () => Promise<SnapshotGroup>
  /** Asked just after it was read. */
  readonly groups?: () => Promise<readonly SnapshotGroup[]>
}

/**
 * One archive of a collection, in pieces, while it is used: its codes, items, labels, versions and their files, what was
 * set aside, the images that are not items yet, and how far each was worked.
 *
 * It is as of no single moment, and needs to be of none. How far encoders came is asked first and their codes are read
 * before the items: so every item before that has its code or its refusal in the archive, and what came later is encoded
 * again wherever it is restored. Images are read before the items, and how far ingest came is asked between the two. What
 * it had settled by then may have gone while images were read, but what became of it stands in the items or was set
 * aside, both read later; what it had not settled nothing took out, so it is among the images.
 */
export async function * writeSnapshot ({ log, reader, release, config, versions }: WriteSnapshotOptions, signal: AbortSignal): AsyncGenerator<Buffer, void> {
  const topics = topicsOf(config.name)
  const worked = async (group: string, name: string, topic: string): Promise<SnapshotGroup> =>
    ({ group, next: (await log.committed(name, topic)).map(next => next ?? 0) })
  const encoded: SnapshotGroup[] = []
  for (const version of versions) encoded.push(await worked(`encode.${version}`, topics.encodeGroup(version), topics.items))
  const ingested = (): Promise<SnapshotGroup> => worked('ingest', topics.ingestGroup, topics.images)
  const plan: readonly Part[] = [
    ...versions.map(version => ({ part: `codes.${version}`, topic: topics.codes(version) })),
    { part: 'models', topic: topics.models }, // before the files that they name
    { part: 'artifacts', topic: topics.artifacts },
    { part: 'images', topic: topics.images, from: ingested, groups: async () => [await ingested()] },
    { part: 'items', topic: topics.items, groups: async () => encoded },
    { part: 'labels', topic: topics.labels },
    { part: 'set-aside', topic: topics.setAside }
  ]
  const all = createHash('sha256')
  const write = (piece: Parameters<typeof writePiece>[0]): WrittenPiece => {
    const written = writePiece(piece)
    all.update(written.body)
    return written
  }
  yield write({ $case: 'header', value: { format: FORMAT, release, collection: config.name, config: JSON.stringify(config), takenAtMs: Date.now() } }).archived
  const parts: SnapshotPart[] = []
  for (const { part, topic, from, groups } of plan) {
    if (await log.describeTopic(topic) === undefined) continue
    const hash = createHash('sha256')
    let records = 0
    const ends: number[] = []
    for await (const run of toTheEnd(log, topic, `${reader}.snapshot`, (await from?.())?.next ?? [], ends, signal)) {
      const kept = run.filter(({ key }) => !isProgress(key)) // of positions that are this log's own
      if (kept.length === 0) continue
      const { archived, body } = write({ $case: 'records', value: { part, records: kept.map(recordOf) } })
      hash.update(body)
      records += kept.length
      yield archived
    }
    parts.push({ part, records, sha256: hash.digest(), ends, groups: [...await groups?.() ?? []] })
  }
  yield write({ $case: 'manifest', value: { parts } }).archived
  yield writePiece({ $case: 'seal', value: { sha256: all.digest() } }).archived
}

/** All that a topic holds. @param ends becomes up to where each partition was read. */
async function * toTheEnd (log: Log, topic: string, reader: string, begins: readonly number[], ends: number[], signal: AbortSignal): AsyncGenerator<readonly LogRecord[], void> {
  const starts = await log.starts(topic)
  ends.push(...starts.map((start, partition) => Math.max(start, begins[partition] ?? 0)))
  for (let chase = 0; chase < CHASES; chase++) {
    const now = await log.ends(topic)
    const left = new Map([...ends.entries()].filter(([partition, next]) => next < now[partition]!))
    if (left.size === 0) return
    await using source = log.read({ topic, reader, from: left })
    while (left.size > 0) {
      const { partition, records, next } = await source.poll({}, signal)
      if (!left.has(partition)) continue
      yield records
      ends[partition] = next
      if (next >= now[partition]!) left.delete(partition)
    }
  }
}

function recordOf ({ partition, offset, key, value, headers, timestampMs }: LogRecord): SnapshotRecord {
  return { partition, offset, key: key ?? undefined, value: value ?? undefined, headers: { ...headers }, timestampMs }
}
