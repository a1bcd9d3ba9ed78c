import { join } from 'node:path'
import test from 'ava'
import { copyCollections } from '../../cli/copy-collections.js'
import { EmbeddedLog } from '../../log/embedded-log.js'
import type { Log } from '../../log/log.js'
import { CollectionRecord, ModelEvent } from '../../proto/gen/hammingbird/v1/log.js'
import { Collections } from '../../registry/collections.js'
import { COLLECTIONS, topicsOf } from '../../topics/names.js'
import { progressRecord } from '../../topics/progress.js'
import { ELSEWHERE, readSetAside, setAsideRecord } from '../../topics/set-aside.js'
import { tempDirectory } from '../fixtures/temp-directory.js'
import { readAll, record, said } from '../suites/log/ground.js'

test('copyCollections: everything arrives but positions, which are the other log\'s own', async t => {
  const directory = tempDirectory(t)
  await using from = await EmbeddedLog.open({ directory: join(directory, 'from') })
  await using to = await EmbeddedLog.open({ directory: join(directory, 'to') })
  const topics = topicsOf('cats')
  await make(from, 1)
  await from.append([record(topics.images, 'settled', '1'), record(topics.images, 'waiting', '2')])
  await settle(from, topics.ingestGroup, topics.images, 1)
  await from.append(['a', 'b', 'c', 'd'].map(key => record(topics.items, key, key)))
  await from.append([progressRecord(topics.items, 0, { sourcePartition: 0, next: 1, publishedAtMs: 1 }), record(topics.items, 'b', null)])
  await from.append([record(topics.labels, 'a', 'labels'), record(topics.artifacts, 'v1/weights/0', 'bytes')])
  const event = (expects: number, reason: string) => ({ topic: topics.models, partition: 0, key: null, value: Buffer.from(ModelEvent.encode({ expects, atMs: 1, actor: '', reason, event: undefined }).finish()) })
  await from.append([event(-1, 'first'), event(-1, 'too late'), event(0, 'second'), event(7, 'of nothing')])

  const told: string[] = []
  await copyCollections({ from, to, reader: 'copy', partitions: 3, copied: (topic, records) => { told.push(`${topic} ${records}`) }, refused: noneRefused })
  t.deepEqual(told, ['cats.artifacts 1', 'cats.models 4', 'cats.labels 1', 'cats.set-aside 0', 'cats.items 5', 'cats.images 1'])
  t.deepEqual(await to.describeTopic(topics.items).then(topic => topic?.partitions), 3)
  t.deepEqual((await readAll(to, topics.images)).map(said), ['waiting=2'])
  t.deepEqual((await readAll(to, topics.items)).map(said).sort(), ['a=a', 'b=b', 'b=null', 'c=c', 'd=d'])
  t.deepEqual((await readAll(to, topics.labels)).map(said), ['a=labels'])
  const events = (await readAll(to, topics.models)).map(({ value }) => ModelEvent.decode(value!))
  t.deepEqual(events.map(({ expects, reason }) => [expects, reason]), [[-1, 'first'], [-1, 'too late'], [0, 'second'], [-2, 'of nothing']])
  t.is(CollectionRecord.decode((await readAll(to, COLLECTIONS))[0]!.value!).bits, 32)

  await using collections = await Collections.open(from, 'test')
  await collections.create({ name: 'dogs', bits: 32, partitions: 1 })
  const refused: string[] = []
  await copyCollections({ from, to, reader: 'copy', partitions: 3, copied: () => {}, refused: (name, { code }) => { refused.push(`${name} ${code}`) } })
  t.deepEqual(refused, ['cats HAMMINGBIRD_ALREADY_EXISTS'])
  t.deepEqual((await readAll(to, topics.images)).map(said), ['waiting=2'], 'as it was')
  await using there = await Collections.open(to, 'test')
  t.deepEqual(there.list().map(({ name }) => name).sort(), ['cats', 'dogs'], 'the others are copied')
})

test('copyCollections: of a copy that was broken off nothing is there, and it can be done again', async t => {
  const directory = tempDirectory(t)
  await using from = await EmbeddedLog.open({ directory: join(directory, 'from') })
  await using to = await EmbeddedLog.open({ directory: join(directory, 'to') })
  const topics = topicsOf('cats')
  await make(from, 1)
  await from.append(['a', 'b'].map(key => record(topics.items, key, key)))
  const refused = { ...record(topics.images, 'broken', 'no image'), topic: topics.images, partition: 0, offset: 7, timestampMs: 1, headers: {}, key: Buffer.from('broken'), value: Buffer.from('no image') }
  await from.append([setAsideRecord(topics.setAside, refused, { code: 'HAMMINGBIRD_IMAGE_UNREADABLE', message: 'no image', stage: 'ingest' }), setAsideRecord(topics.setAside, { ...refused, topic: topics.items }, { code: 'HAMMINGBIRD_IMAGE_UNREADABLE', message: 'no picture', stage: 'encode v1' })])

  const brokenOff = new Error('broken off')
  await t.throwsAsync(copyCollections({ from, to, reader: 'copy', copied: topic => { if (topic === topics.items) throw brokenOff }, refused: noneRefused }), { is: brokenOff })
  {
    await using collections = await Collections.open(to, 'test')
    t.deepEqual(collections.list(), [])
  }
  await copyCollections({ from, to, reader: 'copy', copied: () => {}, refused: noneRefused })
  await using collections = await Collections.open(to, 'test')
  t.deepEqual(collections.list().map(({ name }) => name), ['cats'])
  t.deepEqual((await readAll(to, topics.items)).map(said).sort(), ['a=a', 'b=b'])
  t.deepEqual((await readAll(to, topics.setAside)).map(({ headers }) => readSetAside(headers).source), [{ topic: topics.images, partition: 0, offset: ELSEWHERE }], 'its place is in another log; what was not encoded is tried again')
})

function noneRefused (collection: string, err: Error): never {
  throw new Error(`${collection} was refused`, { cause: err })
}

async function make (log: Log, partitions: number): Promise<void> {
  await using collections = await Collections.open(log, 'test')
  await collections.create({ name: 'cats', bits: 32, partitions })
}

async function settle (log: Log, group: string, topic: string, records: number): Promise<void> {
  const member = await log.join({
    group,
    topic,
    run: async claim => {
      const { next } = await claim.poll({ records })
      await claim.commit([], next)
      await claim.poll()
    }
  })
  while ((await log.committed(group, topic))[0] === undefined) await new Promise(resolve => setTimeout(resolve, 5))
  await member.close()
}
