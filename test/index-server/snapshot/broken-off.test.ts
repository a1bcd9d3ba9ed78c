import { join } from 'node:path'
import test from 'ava'
import { codeOf } from '../../../errors.js'
import { restoreSnapshot } from '../../../index-server/snapshot/restore-snapshot.js'
import { writeSnapshot } from '../../../index-server/snapshot/write-snapshot.js'
import { EmbeddedLog } from '../../../log/embedded-log.js'
import type { Log } from '../../../log/log.js'
import { CodeRecord } from '../../../proto/gen/hammingbird/v1/log.js'
import { Collections, DEFAULT_COLLECTION } from '../../../registry/collections.js'
import { codesSpec, topicsOf } from '../../../topics/names.js'
import { scratch } from '../../fixtures/all-in-one.js'

const WRITING: ReadonlySet<PropertyKey> = new Set<keyof Log>(['append', 'createTopic', 'deleteTopic', 'join'])
const topics = topicsOf(DEFAULT_COLLECTION)

test('a restore broken off at any write leaves no collection, and the same again makes all of it', async t => {
  const directory = await scratch(t)
  const archive = await archiveOf(join(directory, 'from'))
  await using log = await EmbeddedLog.open({ directory: join(directory, 'to') })
  {
    await using collections = await Collections.open(log, 'test')
    await collections.create({ name: 'other', partitions: 1 })
    await log.append([{ topic: topicsOf('other').images, key: Buffer.from('x'), value: Buffer.from('other') }])
  }
  let broken = 0
  for (let left = 0; ; left++, broken++) {
    const err = await restoreSnapshot({ log: breakingOff(log, left), reader: 'test', archive }).then(() => undefined, (err: Error) => err)
    await using collections = await Collections.open(log, 'test')
    const names = new Set(collections.list().map(({ name }) => name))
    t.true(names.has('other'))
    if (names.has(DEFAULT_COLLECTION)) break
    t.is(err?.message, 'broken off', `after ${left} writes`)
  }
  t.true(broken > 10)
  t.is(codeOf(await t.throwsAsync(restoreSnapshot({ log, reader: 'test', archive }))), 'HAMMINGBIRD_ALREADY_EXISTS')
  t.deepEqual(await log.ends(topics.items), [10])
  t.deepEqual(await log.ends(topics.labels), [1])
  t.deepEqual(await log.ends(topics.codes('v0')), [10])
  t.deepEqual(await log.ends(topics.images), [1])
  t.deepEqual(await log.committed(topics.encodeGroup('v0'), topics.items), [10])
  t.deepEqual(await log.ends(topicsOf('other').images), [1])
})

test('what a restore broken off has left is in no collection that is made of that name', async t => {
  const directory = await scratch(t)
  const archive = await archiveOf(join(directory, 'from'))
  await using log = await EmbeddedLog.open({ directory: join(directory, 'to') })
  await t.throwsAsync(restoreSnapshot({ log: breakingOff(log, Infinity, topics.images), reader: 'test', archive }), { message: 'broken off' })
  t.deepEqual(await log.ends(topics.items), [10])
  await using collections = await Collections.open(log, 'test')
  await collections.create({ name: DEFAULT_COLLECTION, partitions: 1 })
  t.deepEqual(await log.ends(topics.items), [0])
  t.is(await log.describeTopic(topics.codes('v0')), undefined)
  // Made once, it is not taken for left over.
  await log.append([{ topic: topics.images, key: Buffer.from('x'), value: Buffer.from('x') }])
  await collections.create({ name: DEFAULT_COLLECTION, partitions: 1 })
  t.deepEqual(await log.ends(topics.images), [1])
})

/** A collection of ten items with their codes, and an image that is no item yet. */
async function archiveOf (directory: string): Promise<() => AsyncGenerator<Buffer>> {
  await using log = await EmbeddedLog.open({ directory })
  await using collections = await Collections.open(log, 'test')
  const config = await collections.create({ name: DEFAULT_COLLECTION, partitions: 1 })
  await log.createTopic(codesSpec(DEFAULT_COLLECTION, 'v0', collections.topicSettings(config)))
  for (let i = 0; i < 10; i++) {
    const key = Buffer.from(`image-${i}`)
    const [position] = await log.append([{ topic: topics.items, key, value: Buffer.from('item') }])
    await log.append([{ topic: topics.codes('v0'), key, value: Buffer.from(CodeRecord.encode(CodeRecord.fromPartial({ itemOffset: position!.offset, outcome: { $case: 'code', value: Buffer.alloc(8) } })).finish()) }])
  }
  await log.append([
    { topic: topics.labels, key: Buffer.from('image-1'), value: Buffer.from('') },
    { topic: topics.images, key: Buffer.from('image-10'), value: Buffer.from('image') }
  ])
  let encoded = (): void => {}
  const all = new Promise<void>(resolve => { encoded = resolve })
  {
    await using member = await log.join({
      group: topics.encodeGroup('v0'),
      topic: topics.items,
      run: async claim => {
        await claim.commit([], 10)
        encoded()
      }
    })
    await Promise.race([all, member.ended])
  }
  const pieces: Buffer[] = []
  for await (const piece of writeSnapshot({ log, reader: 'test', release: 'test', config, versions: ['v0'] }, AbortSignal.timeout(30_000))) pieces.push(piece)
  return async function * () { yield * pieces }
}

/** A log that fails after some writes, or at the first append to a topic. */
function breakingOff (log: EmbeddedLog, writes: number, topic?: string): Log {
  let left = writes
  return new Proxy<Log>(log, {
    get (_, name: keyof Log) {
      if (typeof log[name] !== 'function') return log[name]
      if (!WRITING.has(name)) return log[name].bind(log)
      return async (...args: readonly unknown[]) => {
        const [records] = args
        if (left-- <= 0 || (name === 'append' && (records as Parameters<Log['append']>[0]).some(record => record.topic === topic))) throw new Error('broken off')
        return (log[name] as (...args: readonly unknown[]) => Promise<unknown>).call(log, ...args)
      }
    }
  })
}
