import test from 'ava'
import { encodeJoinKey } from '../../../index-server/store/keys/join-record.js'
import { KnownIds } from '../../../index-server/store/known-ids.js'
import { StoreDirectory } from '../../../index-server/store/store-directory.js'
import type { StoreChange } from '../../../index-server/store/collection-store.js'
import type { KeyValue } from '../../../kv/key-value.js'
import { MemoryKeyValue } from '../../fixtures/memory-key-value.js'

const keysOf = (from: number, to: number): Buffer[] => Array.from({ length: to - from }, (_, i) => encodeJoinKey(1, `image ${from + i}`))
const isKnown = (known: KnownIds) => (key: Buffer): boolean => known.mayHave(key)

test('known ids: an empty collection knows at once that it has nothing, and what is added', async t => {
  const kv = new MemoryKeyValue()
  await kv.write([{ type: 'put', key: encodeJoinKey(2, 'of another collection'), value: Buffer.of(1) }])
  const known = await KnownIds.open(kv, 1)
  t.true(keysOf(0, 1000).filter(isKnown(known)).length < 20)
  known.add(keysOf(0, 1000))
  t.true(keysOf(0, 1000).every(isKnown(known)))
  t.false(known.lookedUpInVain(1e6, 1000))
})

test('known ids: any id may be known until they have been read, which begins after many look-ups in vain', async t => {
  const kv = new MemoryKeyValue()
  await kv.write(keysOf(0, 5000).map(key => ({ type: 'put', key, value: Buffer.of(1) })))
  const known = await KnownIds.open(kv, 1)
  t.true(keysOf(0, 10_000).every(isKnown(known)))
  t.false(known.lookedUpInVain(100, 5000))
  t.true(known.lookedUpInVain(1e6, 5000))
  known.read(5000)
  known.add(keysOf(5000, 6000)) // written while they are read
  t.true(keysOf(0, 10_000).every(isKnown(known)))
  await known.idle()
  t.true(keysOf(0, 6000).every(isKnown(known)))
  t.true(keysOf(6000, 10_000).filter(isKnown(known)).length < 80)
  await known.close()
})

test('known ids: what they are read into has room for more; where there are too many for the memory, they are not read again', async t => {
  const live = 600_000
  const kv = new Proxy<KeyValue>(new MemoryKeyValue(), {
    get (target, name) {
      if (name !== 'iterate') return Reflect.get(target, name, target) as unknown
      return async function * (_range: unknown, { limit = live }: { readonly limit?: number }) {
        for (let at = 0; at < limit; at += 10_000) {
          yield keysOf(at, Math.min(limit, at + 10_000)).map(key => ({ key, value: Buffer.alloc(0) }))
          await new Promise(resolve => setImmediate(resolve))
        }
      }
    }
  })
  const known = await KnownIds.open(kv, 1, 2 ** 21)
  t.true(known.lookedUpInVain(live, live))
  known.read(live)
  await known.idle()
  known.add(keysOf(live, live + 100_000))
  t.true(keysOf(0, live + 100_000).every(isKnown(known)))
  t.true(keysOf(live + 100_000, live + 110_000).filter(isKnown(known)).length < 200)
  for (let at = live; at < 3 * live; at += 100_000) known.add(keysOf(at, at + 100_000))
  t.true(keysOf(3 * live, 3 * live + 1000).every(isKnown(known)), 'it has been forgotten')
  t.false(known.lookedUpInVain(10 * live, live), 'few of those are live')
})

test('known ids: a collection that was opened anew looks up what is new until it has read its ids, and what is known always', async t => {
  const lookUps: number[] = []
  const memory = new MemoryKeyValue()
  const kv = new Proxy<KeyValue>(memory, {
    get (target, name) {
      const value = Reflect.get(target, name, target) as unknown
      if (name === 'getMany') return (keys: readonly Uint8Array[]) => {
        lookUps.push(keys.length)
        return target.getMany(keys)
      }
      return typeof value === 'function' ? value.bind(target) as unknown : value
    }
  })
  let offset = 0
  const apply = async (directory: StoreDirectory, from: number, to: number): Promise<number> => {
    lookUps.length = 0
    const collection = await directory.collection('photos')
    for (let at = from; at < to; at += 1000) {
      const changes = Array.from({ length: 1000 }, (_, i) => itemOf(`image ${at + i}`, offset++))
      await collection.apply(changes, { topic: 'photos.items', partition: 0, next: offset, atMs: 1 })
    }
    return lookUps.reduce((sum, count) => sum + count, 0)
  }
  {
    await using directory = await StoreDirectory.open(kv)
    t.true(await apply(directory, 0, 40_000) < 1000)
    t.true(await apply(directory, 0, 1000) >= 1000)
    t.is((await (await directory.collection('photos')).item('image 7'))?.source.offset, 40_007)
  }
  await using directory = await StoreDirectory.open(kv)
  t.true(await apply(directory, 40_000, 70_000) > 15_000)
  while (await apply(directory, offset, offset + 1000) > 500) await new Promise(resolve => setImmediate(resolve))
  t.true(await apply(directory, 0, 1000) >= 1000)
  t.is((await (await directory.collection('photos')).item('image 7'))?.source.offset, offset - 993)
})

function itemOf (id: string, offset: number): StoreChange {
  const item = {
    labels: [], metadata: {}, uri: '', capturedAtMs: undefined, sha256: Buffer.alloc(32), source: { partition: 0, offset },
    publishedAtMs: 1, width: 1, height: 1, format: 'jpeg'
  }
  return { kind: 'item', id, partition: 0, offset, item, picture: undefined }
}
