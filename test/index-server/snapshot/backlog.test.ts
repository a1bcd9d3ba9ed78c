import { join } from 'node:path'
import test from 'ava'
import { restoreSnapshot } from '../../../index-server/snapshot/restore-snapshot.js'
import { verifySnapshot } from '../../../index-server/snapshot/verify-snapshot.js'
import { writeSnapshot } from '../../../index-server/snapshot/write-snapshot.js'
import { EmbeddedLog } from '../../../log/embedded-log.js'
import type { Log, LogRecord, NewRecord } from '../../../log/log.js'
import { ItemRecord } from '../../../proto/gen/hammingbird/v1/log.js'
import { Collections } from '../../../registry/collections.js'
import { itemTombstone } from '../../../topics/item-tombstone.js'
import { topicsOf, type CollectionTopics } from '../../../topics/names.js'
import { isProgress, progressRecord } from '../../../topics/progress.js'
import { setAsideRecord } from '../../../topics/set-aside.js'
import { scratch } from '../../fixtures/all-in-one.js'

/** Id and content; `null` deletes, `bad` is refused. Ids come again, so that an old state may come back where it must not. */
const BACKLOG: readonly (readonly [string, string | null])[] = [
  ['a', '0'], ['b', '1'], ['a', '2'], ['c', '3'], ['d', 'bad 4'], ['b', null], ['e', '6'], ['a', 'bad 7'],
  ['c', '8'], ['f', '9'], ['f', null], ['e', '11'], ['g', '12'], ['a', '13'], ['b', '14'], ['h', 'bad 15']
]

/** What a collection holds when all its images are settled: the newest content of each id, and all that was refused. */
class State {
  readonly contents = new Map<string, string>()
  readonly refused = new Set<string>()

  image (id: string, content: string | null): void {
    if (content === null) this.contents.delete(id)
    else if (content.startsWith('bad')) this.refused.add(content)
    else this.contents.set(id, content)
  }

  toJSON (): unknown {
    return { contents: [...this.contents].sort(), refused: [...this.refused].sort() }
  }
}

test('a snapshot has every image acknowledged before it, whenever ingest settles and the log drops what it settled', async t => {
  t.timeout(120_000)
  const directory = await scratch(t)
  await using log = await EmbeddedLog.open({ directory: join(directory, 'from'), cleanEveryMs: Infinity })
  await using restored = await EmbeddedLog.open({ directory: join(directory, 'to'), cleanEveryMs: Infinity })
  await using collections = await Collections.open(log, 'test')
  const whole = new State()
  for (const [id, content] of BACKLOG) whole.image(id, content)

  for (const parts of [1, 2, 3]) {
    let more = true
    for (let at = 0; more; at++) {
      const name = `c-${parts}-${at}`
      const config = await collections.create({ name, partitions: 1 })
      const topics = topicsOf(name)
      await log.append(BACKLOG.map(([id, content]) => ({ topic: topics.images, key: Buffer.from(id), value: content === null ? null : Buffer.from(content) })))
      // At step `at` a part of the backlog is settled and dropped, at each step after it another, until none is left.
      let step = 0
      const stepped = stepping(log, async () => {
        const part = step++ - at + 1
        if (part < 1 || part > parts) return
        await settle(log, topics, Math.ceil(BACKLOG.length * part / parts))
        await log.clean()
      })
      const pieces: Buffer[] = []
      for await (const piece of writeSnapshot({ log: stepped, reader: 'test', release: 'test', config, versions: [] }, AbortSignal.timeout(30_000))) pieces.push(piece)
      more = step > at
      const archive = async function * (): AsyncGenerator<Buffer> { yield * pieces }
      await verifySnapshot(archive())
      await restoreSnapshot({ log: restored, reader: 'test', archive })
      t.deepEqual((await stateOf(restored, topics)).toJSON(), whole.toJSON(), `${parts} parts from step ${at}`)
    }
  }
})

/** A log that does something before each step of what reads it; its readers give a few records a time. */
function stepping (log: EmbeddedLog, step: () => Promise<void>): Log {
  return new Proxy<Log>(log, {
    get (_, name: keyof Log) {
      if (name === 'read') {
        return (options: Parameters<Log['read']>[0]) => {
          const reader = log.read(options)
          return new Proxy(reader, {
            get: (_, method: keyof typeof reader) => method === 'poll'
              ? async (_limits: unknown, signal?: AbortSignal) => {
                await step()
                return reader.poll({ records: 3 }, signal)
              }
              : reader[method].bind(reader)
          })
        }
      }
      if (name !== 'committed' && name !== 'starts' && name !== 'ends') return typeof log[name] === 'function' ? log[name].bind(log) : log[name]
      return async (...args: readonly [string, string]) => {
        await step()
        return (log[name] as (...args: readonly [string, string]) => Promise<unknown>).call(log, ...args)
      }
    }
  })
}

/** Settles the images before `to`, as ingest does: what became of a run, its progress and the position in one commit. */
async function settle (log: Log, topics: CollectionTopics, to: number): Promise<void> {
  if (((await log.committed(topics.ingestGroup, topics.images))[0] ?? 0) >= to) return
  let done = (): void => {}
  const all = new Promise<void>(resolve => { done = resolve })
  await using member = await log.join({
    group: topics.ingestGroup,
    topic: topics.images,
    run: async claim => {
      const { records } = await claim.poll()
      const outputs = records.filter(({ offset }) => offset < to).map(record => outcomeOf(topics, record))
      await claim.commit([...outputs, progressRecord(topics.items, 0, { sourcePartition: 0, next: to, publishedAtMs: 1 })], to)
      done()
    }
  })
  await Promise.race([all, member.ended])
}

function outcomeOf (topics: CollectionTopics, record: LogRecord): NewRecord {
  const { key, value, partition, offset } = record
  if (value === null) return itemTombstone(topics.items, key!, record)
  if (value.toString().startsWith('bad')) return setAsideRecord(topics.setAside, record, { code: 'HAMMINGBIRD_IMAGE_UNREADABLE', message: 'no image', stage: 'ingest' })
  return { topic: topics.items, key, value: Buffer.from(ItemRecord.encode(ItemRecord.fromPartial({ picture: value, sourcePartition: partition, sourceOffset: offset })).finish()) }
}

/** What ingest would make of all that is there. */
async function stateOf (log: Log, topics: CollectionTopics): Promise<State> {
  const state = new State()
  for (const { key, value } of await all(log, topics.items)) if (!isProgress(key)) state.image(key!.toString(), value && Buffer.from(ItemRecord.decode(value).picture).toString())
  for (const { value } of await all(log, topics.setAside)) state.refused.add(value!.toString())
  for (const { key, value } of await all(log, topics.images)) state.image(key!.toString(), value && value.toString())
  return state
}

async function all (log: Log, topic: string): Promise<readonly LogRecord[]> {
  const [end] = await log.ends(topic)
  const found: LogRecord[] = []
  let at = (await log.starts(topic))[0]!
  await using reader = log.read({ topic, reader: 'test', from: new Map([[0, at]]) })
  while (at < end!) {
    const { records, next } = await reader.poll()
    found.push(...records)
    at = next
  }
  return found
}
