import { HammingbirdError } from '../errors.js'
import type { Log, LogRecord, NewRecord } from '../log/log.js'
import { ModelEvent } from '../proto/gen/hammingbird/v1/log.js'
import { Collections, type CollectionConfig } from '../registry/collections.js'
import { fillingSpec, topicsOf, type CollectionTopics } from '../topics/names.js'
import { isProgress } from '../topics/progress.js'
import { ELSEWHERE, movedSource, readSetAside } from '../topics/set-aside.js'

export interface CopyOptions {
  readonly from: Log
  readonly to: Log
  /** Who reads. */
  readonly reader: string
  /** Of the items topics there. @default as they are here */
  readonly partitions?: number
  /** Told after each topic. */
  readonly copied: (topic: string, records: number) => void
  /** Told of a collection that the other log has already, with anything in it: the others are copied. */
  readonly refused: (collection: string, err: HammingbirdError) => void
}

type Copying = Omit<CopyOptions, 'partitions' | 'refused'>

/**
 * Copies every collection to a log where it is not yet: its versions and their files, items, labels, what was set aside,
 * and the images that were not settled yet. Codes are not copied, for they name positions of items: they are made again of
 * the items' pictures, as every version is, and with them what could not be encoded is set aside anew.
 *
 * A collection is there when all of it is: of a copy that was broken off nothing counts, and it can be done again.
 *
 * @throws HammingbirdError of the logs.
 */
export async function copyCollections ({ from, to, reader, partitions, copied, refused }: CopyOptions): Promise<void> {
  await using here = await Collections.open(from, reader)
  await using there = await Collections.open(to, reader)
  const one = async (config: CollectionConfig): Promise<void> => {
    const topics = topicsOf(config.name)
    const wish = { ...config, ...(partitions === undefined ? {} : { partitions }) }
    const copy = (): Promise<void> => copyCollection({ from, to, reader, copied }, config, topics)
    // What a copy that was broken off has left is dropped. Images may be a producer's: they are not touched.
    const brokenOff = await to.describeTopic(fillingSpec(config.name).name) !== undefined
    await assertEmpty(to, config.name, brokenOff ? [topics.images] : [topics.images, topics.items, topics.labels, topics.models, topics.artifacts])
    if (there.list().some(({ name }) => name === config.name)) {
      await there.create(wish) // refused unless it is the same
      await copy()
    } else await there.createFilled(wish, copy, { keepImages: true })
  }

  for (const config of here.list()) {
    try {
      await one(config)
    } catch (err) {
      if (!(err instanceof HammingbirdError) || err.code !== 'HAMMINGBIRD_ALREADY_EXISTS') throw err
      refused(config.name, err)
    }
  }
}

async function assertEmpty (log: Log, name: string, topics: readonly string[]): Promise<void> {
  for (const topic of topics) {
    if (await log.describeTopic(topic) === undefined || (await log.ends(topic)).every(end => end === 0)) continue
    throw new HammingbirdError('HAMMINGBIRD_ALREADY_EXISTS', `${topic} has records there already, and of collection ${name} nothing was copied. Where they are not wanted: hammingbird collections delete ${name}, with a server on that log, and copy again; else serve both, under two names`)
  }
}

async function copyCollection ({ from, to, reader, copied }: Copying, { name }: CollectionConfig, topics: CollectionTopics): Promise<void> {
  const anywhere = ({ topic, key, value, headers, timestampMs }: LogRecord): NewRecord => ({ topic, key, value, headers, timestampMs })
  const copy = async (topic: string, begins: readonly (number | undefined)[], taken: (record: LogRecord) => NewRecord | undefined): Promise<void> => {
    let records = 0
    for await (const batch of runs(from, topic, begins, `${reader}.${name}`)) {
      const kept = batch.map(taken).filter(record => record !== undefined)
      await to.append(kept)
      records += kept.length
    }
    copied(topic, records)
  }

  // First what others refer to, last what begins work.
  await copy(topics.artifacts, [], anywhere)
  await copyEvents({ from, to, reader, copied }, topics.models)
  await copy(topics.labels, [], anywhere)
  await copy(topics.setAside, [], record => readSetAside(record.headers).source.topic === topics.items ? undefined : { ...anywhere(record), headers: movedSource(record.headers, ELSEWHERE) })
  await copy(topics.items, [], record => isProgress(record.key) ? undefined : anywhere(record)) // of positions that are not the other log's
  await copy(topics.images, await from.committed(topics.ingestGroup, topics.images), anywhere)
}

/** An event names the one it expects to follow by its offset, which is another there. */
async function copyEvents ({ from, to, reader, copied }: Copying, topic: string): Promise<void> {
  const offsets = new Map([[-1, -1]])
  for await (const batch of runs(from, topic, [], reader)) {
    for (const { offset, key, value, headers, timestampMs } of batch) {
      const event = ModelEvent.decode(value!)
      const expects = offsets.get(event.expects) ?? -2 // it expected what never was, and goes on to
      const [position] = await to.append([{ topic, partition: 0, key, value: Buffer.from(ModelEvent.encode({ ...event, expects }).finish()), headers, timestampMs }])
      offsets.set(offset, position!.offset)
    }
  }
  copied(topic, offsets.size - 1)
}

/** All that a topic holds now, each partition from where it `begins`. */
async function * runs (log: Log, topic: string, begins: readonly (number | undefined)[], reader: string): AsyncGenerator<readonly LogRecord[]> {
  const [starts, ends] = await Promise.all([log.starts(topic), log.ends(topic)])
  const from = new Map(starts.map((start, partition) => [partition, Math.max(start, begins[partition] ?? 0)]))
  const left = new Map([...from].filter(([partition, next]) => next < ends[partition]!))
  if (left.size === 0) return
  await using source = log.read({ topic, reader, from: left })
  while (left.size > 0) {
    const { partition, records, next } = await source.poll()
    const end = ends[partition]!
    if (left.has(partition)) yield records.filter(({ offset }) => offset < end)
    if (next >= end) left.delete(partition)
  }
}
