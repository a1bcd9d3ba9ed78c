import test from 'ava'
import { CodeWidthError, codeOf } from '../../../errors.js'
import type { KeyValue } from '../../../kv/key-value.js'
import type { CodeChange } from '../../../index-server/store/code-store.js'
import type { StoreChange, StoredSetAside } from '../../../index-server/store/collection-store.js'
import { StoreDirectory } from '../../../index-server/store/store-directory.js'
import { MemoryKeyValue } from '../../fixtures/memory-key-value.js'
import { temporaryRocks } from '../../fixtures/rocks-directory.js'

const kinds: Record<string, () => Promise<{ readonly kv: KeyValue } & AsyncDisposable>> = {
  memory: async () => {
    const kv = new MemoryKeyValue()
    return { kv, [Symbol.asyncDispose]: () => kv.close() }
  },
  RocksDB: temporaryRocks
}

for (const [kind, open] of Object.entries(kinds)) {
  test(`store directory, ${kind}: what was applied is there when it is opened again`, async t => {
    await using place = await open()
    const first = await StoreDirectory.open(place.kv, { pageCodes: 8 })
    const pets = await first.collection('pets')
    await pets.addVersion('v1', 64)
    await pets.apply(images(20), at('pets.items', 20))
    await pets.apply(codes(20), at('pets.codes.v1', 20))
    t.is(await first.collection('pets'), pets, 'one collection, one object')
    await first.close()

    await using second = await StoreDirectory.open(place.kv)
    t.deepEqual(await second.names(), ['pets'])
    const again = await second.collection('pets')
    t.deepEqual(again.versions(), ['v1'])
    t.deepEqual(again.counts('v1'), { live: 20, coded: 20, setAside: 0, waiting: 0 })
    const answer = await again.codes('v1').search({ code: code(3), k: 1 })
    const [item] = await again.itemsOf('v1', [answer.groups[0]!.ordinals[0]!])
    t.is(item?.id, 'image-3')
    t.deepEqual((await again.positions('pets.items')).get(0), { next: 20, atMs: 5 })
    t.deepEqual(await again.sourceOf('image-3'), { partition: 0, offset: 3 })
    t.is(await again.sourceOf('image-99'), undefined)
  })

  test(`store directory, ${kind}: a dropped version is gone at once, its rows soon, and it can be made anew`, async t => {
    await using place = await open()
    await using directory = await StoreDirectory.open(place.kv, { pageCodes: 8 })
    const pets = await directory.collection('pets')
    await pets.addVersion('v1', 64)
    await pets.apply(images(20), at('pets.items', 20))
    const before = await rows(place.kv)
    await pets.apply([...codes(20), { kind: 'progress', version: 'v1', partition: 0, sourcePartition: 0, next: 20, publishedAtMs: 1 }], at('pets.codes.v1', 20))
    t.true(await rows(place.kv) > before + 100)
    await pets.dropVersion('v1')
    await pets.dropVersion('v1')
    t.deepEqual(pets.versions(), [])
    t.is(codeOf(t.throws(() => pets.codes('v1'))), 'HAMMINGBIRD_NOT_FOUND')
    t.is((await pets.positions('pets.codes.v1')).size, 0)
    t.is((await pets.item('image-1'))?.codes.size, 0)
    await directory.dropped()
    t.is(await rows(place.kv), before - 1, 'nothing is left of it, its name in the catalogue least')

    await pets.addVersion('v1', 32)
    t.deepEqual(pets.counts('v1'), { live: 20, coded: 0, setAside: 0, waiting: 20 })
    t.is(pets.progress('v1').size, 0)
    await t.throwsAsync(pets.addVersion('v1', 64), { instanceOf: CodeWidthError })
    await t.throwsAsync(pets.apply(codes(1), at('pets.codes.v1', 1)), { instanceOf: CodeWidthError })
    t.is((await pets.positions('pets.codes.v1')).size, 0, 'a run that fails has changed nothing')
  })

  test(`store directory, ${kind}: dropping goes on where an end cut it short`, async t => {
    await using place = await open()
    const first = await StoreDirectory.open(place.kv, { pageCodes: 8 })
    const pets = await first.collection('pets')
    const cars = await first.collection('cars')
    await cars.apply(images(5), at('cars.items', 5))
    await pets.addVersion('v1', 64)
    await pets.apply(images(20), at('pets.items', 20))
    await pets.apply(codes(20), at('pets.codes.v1', 20))
    await pets.dropVersion('v1')
    await first.dropCollection('pets')
    await first.close() // at once: no step was taken, or few
    t.deepEqual(await first.names(), ['cars'])

    await using second = await StoreDirectory.open(place.kv)
    await second.dropped()
    // The format, the numbers; of cars the name, 5 items with picture and label, the counts, the position.
    t.is(await rows(place.kv), 2 + 18)
    const anew = await second.collection('pets')
    await anew.addVersion('v2', 64)
    t.is(await anew.item('image-1'), undefined)
    t.deepEqual(anew.counts('v2'), { live: 0, coded: 0, setAside: 0, waiting: 0 })
  })
}

test('store directory: another\'s data, another format and damage are refused', async t => {
  const kv = new MemoryKeyValue()
  await kv.write([{ type: 'put', key: Buffer.from('mine'), value: Buffer.from('data') }])
  t.is(codeOf(await t.throwsAsync(StoreDirectory.open(kv))), 'HAMMINGBIRD_FORMAT')
  const other = new MemoryKeyValue()
  await StoreDirectory.open(other)
  await StoreDirectory.open(other)
  const row = await other.get(Buffer.of(0))
  t.is(row?.toString('hex'), `${Buffer.from('hammingbird/ix').toString('hex')}0002`)
  row!.writeUInt16BE(1, 14)
  await other.write([{ type: 'put', key: Buffer.of(0), value: row! }])
  t.is(codeOf(await t.throwsAsync(StoreDirectory.open(other))), 'HAMMINGBIRD_FORMAT')
})

test('stored collection: what stands in front of the disk is loaded with what is there, and told of all that follows', async t => {
  const kv = new MemoryKeyValue()
  const told: CodeChange[] = []
  const loaded: [number, string][] = []
  let closed = 0
  const directory = await StoreDirectory.open(kv, {
    pageCodes: 8,
    openCodes: async ({ disk, load, bits, collection, version }) => {
      t.deepEqual([collection, version, bits, disk.bits], ['pets', 'v1', 64, 64])
      const runs = load()
      for await (const { ordinals, codes } of runs) ordinals.forEach((ordinal, i) => loaded.push([ordinal, Buffer.from(codes.subarray(i * 8, i * 8 + 8)).toString('hex')]))
      return {
        bits,
        get count () { return disk.count },
        get sequence () { return disk.sequence },
        apply: changes => {
          t.is(disk.sequence, 1, 'the disk comes first')
          told.push(...changes)
        },
        estimate: radius => disk.estimate(radius),
      search: query => disk.search(query),
        close: async () => { closed++ }
      }
    }
  })
  await using plain = await StoreDirectory.open(kv, { pageCodes: 8 })
  const before = await plain.collection('pets')
  await before.addVersion('v1', 64)
  await before.apply(images(20), at('pets.items', 20))
  await before.apply(codes(20), at('pets.codes.v1', 20))
  await before.apply([{ kind: 'item-gone', id: 'image-4', partition: 0, offset: 100, source: undefined }], at('pets.items', 101))

  const pets = await directory.collection('pets')
  t.deepEqual(loaded, Array.from({ length: 20 }, (_, i): [number, string] => [i, Buffer.from(code(i)).toString('hex')]).filter(([ordinal]) => ordinal !== 4))
  await pets.apply([{ kind: 'item-gone', id: 'image-5', partition: 0, offset: 102, source: undefined }, ...codes(1, 200)], at('pets.items', 103))
  t.deepEqual(told.map(change => ({ ...change, code: Uint8Array.from(change.code) })), [
    { kind: 'remove', ordinal: 5, code: code(5) },
    { kind: 'remove', ordinal: 0, code: code(0) },
    { kind: 'add', ordinal: 20, code: code(0) }
  ])
  await directory.close()
  t.true(closed > 0)
})

test('stored collection: progress is what items and codes have both passed, and never goes back', async t => {
  const kv = new MemoryKeyValue()
  await using directory = await StoreDirectory.open(kv)
  const pets = await directory.collection('pets')
  await pets.addVersion('v1', 64)
  const progress = (version: string | undefined, next: number): StoreChange => ({ kind: 'progress', version, partition: 1, sourcePartition: 2, next, publishedAtMs: next * 10 })
  await pets.apply([progress('v1', 7)], { ...at('pets.codes.v1', 1), partition: 1 })
  t.is(pets.progress('v1').get(1)?.get(2), undefined, 'the items have still to come')
  await pets.apply([progress(undefined, 5)], { ...at('pets.items', 1), partition: 1 })
  t.deepEqual(pets.progress('v1').get(1)?.get(2), { next: 5, publishedAtMs: 50 })
  await pets.apply([progress(undefined, 9), progress(undefined, 8)], { ...at('pets.items', 3), partition: 1 })
  t.deepEqual(pets.progress('v1').get(1)?.get(2), { next: 7, publishedAtMs: 70 })
  await using again = await StoreDirectory.open(kv)
  t.deepEqual((await again.collection('pets')).progress('v1').get(1)?.get(2), { next: 7, publishedAtMs: 70 })
})

test('stored collection: of what was set aside the newest entry of each id is listed, newest first', async t => {
  await using directory = await StoreDirectory.open(new MemoryKeyValue())
  const pets = await directory.collection('pets')
  const entry = (id: string, offset: number, code = 'HAMMINGBIRD_IMAGE_UNREADABLE'): StoredSetAside =>
    ({ id, partition: 0, offset, code, message: 'no image', stage: 'ingest', sourceTopic: 'pets.images', sourcePartition: 1, sourceOffset: offset + 5, atMs: offset, imageBytes: 3 })
  const entries = [entry('a', 1), entry('b', 2), entry('a', 3, 'HAMMINGBIRD_IMAGE_FORMAT'), entry('', 4), entry('', 5)]
  await pets.apply(entries.map(entry => ({ kind: 'set-aside', entry })), at('pets.set-aside', 6))
  await pets.apply([{ kind: 'set-aside', entry: entry('c', 300) }, { kind: 'set-aside', entry: entry('b', 301) }, { kind: 'set-aside', entry: entry('b', 2) }], at('pets.set-aside', 302))
  const offsets = async (query: Parameters<typeof pets.setAside>[0]): Promise<number[]> => (await pets.setAside(query)).map(({ offset }) => offset)
  t.deepEqual(await offsets({ limit: 10 }), [301, 300, 5, 4, 3])
  t.deepEqual(await offsets({ limit: 2, after: { partition: 0, offset: 300 } }), [5, 4])
  t.deepEqual(await offsets({ limit: 2, after: { partition: 0, offset: 2 } }), [], 'an entry that was replaced still says where to go on')
  t.deepEqual(await offsets({ limit: 10, code: 'HAMMINGBIRD_IMAGE_FORMAT' }), [3])
  t.deepEqual(await pets.setAsideOf('b'), entry('b', 301))
  t.is(await pets.setAsideOf('z'), undefined)
  t.is(pets.setAsideCount, 5)
})

test('stored collection: an image updated or deleted a moment ago is still known by its former ordinal, or not at all', async t => {
  await using directory = await StoreDirectory.open(new MemoryKeyValue())
  const pets = await directory.collection('pets')
  await pets.addVersion('v1', 64)
  await pets.apply(images(2), at('pets.items', 2))
  await pets.apply([{ ...codes(1)[0]!, detail: Uint8Array.of(7) }, ...codes(2).slice(1)], at('pets.codes.v1', 2))
  await pets.apply([...images(1, 10), { kind: 'item-gone', id: 'image-1', partition: 0, offset: 11, source: { partition: 0, offset: 99 } }], at('pets.items', 12))
  t.true((await pets.item('image-0'))?.codes.get('v1') !== undefined)
  await pets.apply(codes(1, 10), at('pets.codes.v1', 3))
  t.deepEqual((await pets.itemsOf('v1', [0, 1, 2])).map(item => item && [item.id, item.offset]), [['image-0', 10], undefined, ['image-0', 10]])
  t.deepEqual((await pets.detailsOf('v1', [0])).map(detail => detail && Uint8Array.from(detail)), [Uint8Array.of(7)])
  t.deepEqual((await pets.positionsOf('v1', [2, 0])).offsets, [10, 0])
  t.deepEqual(await pets.sourceOf('image-1'), { partition: 0, offset: 99 })
})

function at (topic: string, next: number): { topic: string, partition: number, next: number, atMs: number } {
  return { topic, partition: 0, next, atMs: 5 }
}

function images (count: number, offset = 0): Extract<StoreChange, { kind: 'item' }>[] {
  return Array.from({ length: count }, (_, i) => ({
    kind: 'item',
    id: `image-${i}`,
    partition: 0,
    offset: offset + i,
    item: { labels: ['cat'], metadata: { i: `${i}` }, uri: '', capturedAtMs: i, sha256: Buffer.alloc(32, i), source: { partition: 0, offset: i }, publishedAtMs: i, width: 1, height: 1, format: 'png' },
    picture: Buffer.from(`picture ${i}`)
  }))
}

function codes (count: number, offset = 0): Extract<StoreChange, { kind: 'code' }>[] {
  return Array.from({ length: count }, (_, i) => ({ kind: 'code', version: 'v1', id: `image-${i}`, partition: 0, itemOffset: offset + i, code: code(i), detail: undefined }))
}

function code (i: number): Uint8Array {
  return Uint8Array.from({ length: 8 }, (_, at) => (i * 37 + at * i) & 0xff)
}

async function rows (kv: KeyValue): Promise<number> {
  let count = 0
  for await (const run of kv.iterate({}, { values: false })) count += run.length
  return count
}
