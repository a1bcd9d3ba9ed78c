import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { itemChanges } from '../../index-server/changes.js'
import { StoreDirectory } from '../../index-server/store/store-directory.js'
import { storeName } from '../../index-server/store/store-name.js'
import type { StoredCollection } from '../../index-server/store/stored-collection.js'
import { TopicReader } from '../../index-server/topic-reader.js'
import type { Log, NewRecord } from '../../log/log.js'
import { ItemRecord } from '../../proto/gen/hammingbird/v1/log.js'
import { itemTombstone } from '../../topics/item-tombstone.js'
import { topicsOf } from '../../topics/names.js'
import { progressRecord } from '../../topics/progress.js'
import { MemoryKeyValue } from '../fixtures/memory-key-value.js'
import { readAll, unique } from './log/ground.js'

/** Of a second: an absence that no test could wait for otherwise. */
const RETENTION_MS = 1000
const CLEAN_MS = 60_000

export interface RetentionGround {
  readonly log: Log
  /** Lets the log clean up now, if it can be told to. */
  readonly clean: () => Promise<void>
}

/** What a server's reader of a compacted topic does when it has been away for too long, whatever keeps the log. */
export function retentionSuite (name: string, ground: (t: ExecutionContext) => Promise<RetentionGround>): void {
  test(`${name}: a reader that was away past the retention of deletes sweeps, and ends right`, async t => {
    t.timeout(120_000)
    const { log, clean } = await ground(t)
    const topic = await itemsTopic(log)
    await using kept = await tables(topic)
    await log.append([...['a', 'b', 'c'].map(id => item(topic, id)), progress(topic, 3)])
    await readToEnd(log, topic, kept)
    t.deepEqual(await ids(kept.collection), ['a', 'b', 'c'])

    await log.append([itemTombstone(topic, Buffer.from('b'), { partition: 0, offset: 3 }), item(topic, 'd'), progress(topic, 5)])
    for (const startedMs = performance.now(); (await readAll(log, topic)).some(({ key }) => key?.toString() === 'b');) {
      if (performance.now() - startedMs > CLEAN_MS) throw new Error('the tombstone is still there')
      await sleep(RETENTION_MS / 2)
      // A log may clean up behind its newest records only.
      await log.append([progress(topic, 5)])
      await clean()
    }
    await readToEnd(log, topic, kept)
    t.deepEqual(await ids(kept.collection), ['a', 'c', 'd'], 'nobody told it that b is gone')
  })

  for (const [absence, awayMs] of [['short', 0], ['long', RETENTION_MS]] as const) {
    test(`${name}: a topic that was made anew stops its reader, after a ${absence} absence too`, async t => {
      t.timeout(60_000)
      const { log } = await ground(t)
      const topic = await itemsTopic(log)
      await using kept = await tables(topic)
      await log.append(['a', 'b', 'c'].map(id => item(topic, id)))
      await readToEnd(log, topic, kept)

      await log.deleteTopic(topic)
      await itemsTopic(log, topic)
      await log.append([item(topic, 'x')])
      await sleep(awayMs)
      await using reader = read(log, topic, kept.collection)
      while (reader.stopped === undefined) await sleep(20)
      t.is(reader.stopped.code, 'HAMMINGBIRD_LOG_TRUNCATED')
      t.deepEqual(await ids(kept.collection), ['a', 'b', 'c'], 'the two are not mixed')
    })
  }
}

async function itemsTopic (log: Log, name = topicsOf(unique('collection')).items): Promise<string> {
  await log.createTopic({ name, partitions: 1, cleanup: 'compact', deleteRetentionMs: RETENTION_MS, maxCompactionLagMs: RETENTION_MS, segmentMs: RETENTION_MS })
  return name
}

/** Of a server that keeps the topic's collection. */
async function tables (topic: string): Promise<{ readonly collection: StoredCollection } & AsyncDisposable> {
  const kv = new MemoryKeyValue()
  const directory = await StoreDirectory.open(kv)
  return {
    collection: await directory.collection(storeName({ name: topic.replace(/\.items$/, ''), createdAtMs: 1_700_000_000_000 })),
    async [Symbol.asyncDispose] () {
      await directory.close()
      await kv.close()
    }
  }
}

function read (log: Log, topic: string, store: StoredCollection): TopicReader {
  return new TopicReader({ log, topic, reader: unique('reader'), store, changes: itemChanges(false), applied: () => {}, failed: () => {} })
}

/** One life of a reader. */
async function readToEnd (log: Log, topic: string, { collection }: { readonly collection: StoredCollection }): Promise<void> {
  const [end] = await log.ends(topic)
  await using _ = read(log, topic, collection)
  while (((await collection.positions(topic)).get(0)?.next ?? 0) < end!) await sleep(20)
}

async function ids (collection: StoredCollection): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const items of collection.items()) ids.push(...items.map(({ id }) => id))
  return ids
}

function item (topic: string, id: string): NewRecord {
  return { topic, key: Buffer.from(id), value: Buffer.from(ItemRecord.encode(ItemRecord.create({ publishedAtMs: 1 })).finish()) }
}

function progress (topic: string, next: number): NewRecord {
  return progressRecord(topic, 0, { sourcePartition: 0, next, publishedAtMs: 1 })
}
