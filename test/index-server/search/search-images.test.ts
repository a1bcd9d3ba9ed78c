import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { CodeWidthError, codeOf } from '../../../errors.js'
import { asymmetricDistance, hammingDistance } from '../../../hamming/distance.js'
import { explain } from '../../../index-server/search/explain.js'
import { failingPart, type ItemFilter } from '../../../index-server/search/filter.js'
import type { ImageQuery, Subject } from '../../../index-server/search/image-query.js'
import { isStale, nearestImages } from '../../../index-server/search/nearest-images.js'
import { PageTokens } from '../../../index-server/search/page-tokens.js'
import { searchImages, type ImageHit, type SearchFrom } from '../../../index-server/search/search-images.js'
import { detailDistance } from '../../../index-server/search/total-order.js'
import type { ItemFields, StoreChange, StoredItem } from '../../../index-server/store/collection-store.js'
import { hotCodes } from '../../../index-server/store/hot-tier/hot-codes.js'
import { Threads } from '../../../index-server/store/hot-tier/threads.js'
import { StoreDirectory } from '../../../index-server/store/store-directory.js'
import type { StoredCollection } from '../../../index-server/store/stored-collection.js'
import type { OpenCodes } from '../../../index-server/store/version-codes.js'
import { MemoryKeyValue } from '../../fixtures/memory-key-value.js'

const BITS = 16

const threads = Threads.open(0)
test.after.always(() => threads.close())

/** An image as the oracle knows it. */
interface Known {
  readonly id: string
  readonly partition: number
  /** Of the item, and of the item the code was made from. */
  readonly offset: number
  readonly codeOffset: number
  readonly code: Uint8Array
  readonly detail: Uint8Array | undefined
  readonly item: ItemFields
}

const code = fc.constantFrom([0, 0], [0, 1], [0, 3], [1, 1], [0xff, 0], [0xff, 0xff], [0x80, 1]).map(bytes => Uint8Array.from(bytes))
const detail = fc.option(fc.uint8Array({ minLength: 2, maxLength: 2 }), { nil: undefined })
const put = fc.record({
  id: fc.nat(14),
  code,
  detail,
  coded: fc.boolean().map(stale => !stale),
  labels: fc.subarray(['cat', 'dog', 'bird']),
  capturedAtMs: fc.option(fc.nat(5), { nil: undefined }),
  bytes: fc.nat(4),
  iso: fc.constantFrom('50', '400', 'auto')
})
type Put = typeof put extends fc.Arbitrary<infer T> ? T : never

const filter: fc.Arbitrary<ItemFilter> = fc.record({
  anyLabels: fc.subarray(['cat', 'dog']),
  allLabels: fc.subarray(['bird'], { maxLength: 1 }),
  noLabels: fc.subarray(['dog'], { maxLength: 1 }),
  capturedFromMs: fc.nat(5),
  capturedBeforeMs: fc.nat(6),
  metadata: fc.constant([{ field: 'iso', atLeast: '100' }])
}, { requiredKeys: [] })

const outputs = fc.array(fc.constantFrom(-1, -0.25, 0, 0.5, 1), { minLength: BITS, maxLength: BITS }).map(list => Float32Array.from(list))
const subject: fc.Arbitrary<Subject> = fc.record({ code, outputs, detail: fc.uint8Array({ minLength: 2, maxLength: 2 }) }, { requiredKeys: ['code'] })
const query: fc.Arbitrary<ImageQuery> = fc.record({
  k: fc.integer({ min: 1, max: 20 }),
  radius: fc.nat(BITS),
  filter,
  pageSize: fc.integer({ min: 1, max: 6 }),
  collapse: fc.boolean(),
  rank: fc.constantFrom('newest' as const, 'detail' as const)
}, { requiredKeys: [] })

test('search: pages joined are the whole in the total order, and each says how far it reaches', async t => {
  await fc.assert(fc.asyncProperty(fc.array(put, { maxLength: 40, size: '+1' }), subject, query, async (puts, subject, query) => {
    await using world = await World.open()
    await world.put(puts)
    const expected = expectedOf(world.images(), subject, query)
    const found: ImageHit[] = []
    let from: SearchFrom = { version: 'v1', subject }
    for (;;) {
      const answer = await searchImages(world.store, from, query, world.tokens)
      t.true(answer.hits.length <= (query.pageSize ?? 1000))
      t.true(answer.complete)
      found.push(...answer.hits)
      // Collapsed, an image that is not given stands behind one that is.
      const within = expectedOf(world.images(), subject, { ...query, k: 1e6, radius: answer.radiusCovered })
      t.deepEqual(within.filter(({ id }) => !found.some(({ item }) => item.id === id)), [], 'all within the radius covered is on the pages so far')
      if (answer.nextPageToken === undefined) {
        if (found.length < (query.k ?? (query.radius === undefined ? 10 : Infinity))) t.is(answer.radiusCovered, query.radius ?? BITS)
        break
      }
      t.is(answer.hits.length, query.pageSize ?? 1000)
      from = world.read(answer.nextPageToken)
    }
    compare(t, found, expected, subject)
    const counted = await searchImages(world.store, { version: 'v1', subject }, { ...query, countOnly: true }, world.tokens)
    t.is(counted.count, expected.length)
    t.deepEqual(counted.hits, [])
  }), { numRuns: 200 })
})

test('search: later pages are of the moment of the first, whatever changed meanwhile', async t => {
  // Filters and bytes are as of now, not as of the first moment.
  const limited = query.map((query): ImageQuery => ({ ...query, filter: {}, collapse: false, pageSize: 2 }))
  await fc.assert(fc.asyncProperty(fc.array(put, { minLength: 5, maxLength: 30 }), subject, limited, fc.array(fc.tuple(fc.array(put, { maxLength: 4 }), fc.array(fc.nat(14), { maxLength: 2 })), { minLength: 3, maxLength: 8 }), async (puts, subject, query, changes) => {
    await using world = await World.open()
    await world.put(puts)
    const before = world.images()
    const expected = expectedOf(before, subject, query)
    let answer = await searchImages(world.store, { version: 'v1', subject }, query, world.tokens)
    const found = answer.hits.map(({ item }) => item.id)
    const gone = new Set<string>()
    for (let turn = 0; answer.nextPageToken !== undefined; turn++) {
      const [puts, deletes] = changes[turn % changes.length]!
      await world.put(puts)
      await world.delete(deletes)
      for (const id of deletes) gone.add(`image-${id}`)
      answer = await searchImages(world.store, world.read(answer.nextPageToken), query, world.tokens)
      found.push(...answer.hits.map(({ item }) => item.id))
    }
    // Those deleted on the way are left out, so what stands behind them moves up: k is filled from what follows.
    const order = expectedOf(before, subject, { ...query, k: 1e6 }).map(({ id }) => id)
    t.deepEqual(found, order.filter(id => found.includes(id)), 'in the order of the first moment, none twice')
    for (const { id } of expected) t.true(found.includes(id) || gone.has(id), `${id} was there at the first moment`)
    t.true(found.length <= (query.k ?? (query.radius === undefined ? 10 : Infinity)))
  }), { numRuns: 100 })
})

test('search: with a filter too, an image that got another code is on the page where it was', async t => {
  await using world = await World.open()
  const image = (id: number, code: number): Put => ({ id, code: Uint8Array.of(0, code), detail: undefined, coded: true, labels: id < 8 ? ['cat'] : [], capturedAtMs: undefined, bytes: id, iso: '50' })
  await world.put(Array.from({ length: 14 }, (_, id) => image(id, 2 ** id - 1)))
  const query = { k: 8, pageSize: 4, filter: { anyLabels: ['cat'] } }
  const first = await searchImages(world.store, { version: 'v1', subject: { code: Uint8Array.of(0, 0) } }, query, world.tokens)
  await world.put([image(5, 0xff), image(6, 0xff)])
  const second = await searchImages(world.store, world.read(first.nextPageToken!), query, world.tokens)
  t.deepEqual([...first.hits, ...second.hits].map(({ item, distance }) => [item.id, distance]), Array.from({ length: 8 }, (_, id) => [`image-${id}`, id]))
})

for (const [where, openCodes] of [['on disk', undefined], ['in memory', hotCodes({ threads, memoryBytes: 1e9 })]] as const) {
  test(`search: with a filter, ${where}, only what is gone since the moment of the first page is gone through, and may be on the next`, async t => {
    await using world = await World.open(openCodes)
    const image = (id: number, code: number, labels: string[]): Put => ({ id, code: Uint8Array.of(0, code), detail: undefined, coded: true, labels, capturedAtMs: undefined, bytes: id, iso: '50' })
    await world.put(Array.from({ length: 14 }, (_, id) => image(id, 2 ** Math.min(id, 8) - 1, id < 7 ? ['cat'] : [])))
    await world.delete([8, 9])
    const walked: number[][] = []
    const { store } = world
    const removedSince = store.removedSince.bind(store)
    store.removedSince = (version, sequence) => {
      const ordinals = [...removedSince(version, sequence)]
      walked.push(ordinals)
      return ordinals
    }
    const query = { k: 8, pageSize: 4, filter: { anyLabels: ['cat'] } }
    const first = await searchImages(store, { version: 'v1', subject: { code: Uint8Array.of(0, 0) } }, query, world.tokens)
    t.deepEqual(walked.splice(0), [[]], 'the newest moment has what there is')
    await world.put([image(7, 0xff, ['cat'])]) // its former code is found, and it has the label now
    await world.delete([5])
    const second = await searchImages(store, world.read(first.nextPageToken!), query, world.tokens)
    t.deepEqual(walked, [[7, 5]])
    t.deepEqual([...first.hits, ...second.hits].map(({ item, distance }) => [item.id, distance]), [0, 1, 2, 3, 4, 6, 7].map(id => [`image-${id}`, id]))
  })
}

test('search: explain says of every image what the search does with it', async t => {
  await fc.assert(fc.asyncProperty(fc.array(put, { maxLength: 25 }), fc.array(fc.nat(14), { maxLength: 3 }), subject, query, async (puts, deletes, subject, query) => {
    await using world = await World.open()
    await world.put(puts)
    await world.delete(deletes)
    const images = world.images()
    const hits = expectedOf(images, subject, query)
    for (let n = 0; n <= 15; n++) {
      const id = `image-${n}`
      const { standing } = await explain(world.store, 'v1', subject, query, id, world.tokens)
      const known = images.find(image => image.id === id)
      const expected = hits.some(hit => hit.id === id)
        ? 'found'
        : !known ? world.waiting(id) ? 'waiting' : world.deleted.has(id) ? 'deleted' : 'unknown'
            : hammingDistance(subject.code, known.code) > (query.radius ?? BITS) ? 'too-far'
              : failingPart(query.filter ?? {}, known.item) !== undefined ? 'filtered' : undefined
      if (expected) t.is(standing.state, expected)
      else t.is(standing.state, expectedOf(images, subject, { ...query, collapse: false }).some(hit => hit.id === id) ? 'filtered' : 'behind-k')
      if ('distance' in standing) {
        t.is(standing.distance, hammingDistance(subject.code, known!.code))
        t.is(standing.differingBits.length, standing.distance)
      }
    }
  }), { numRuns: 40 })
})

test('search: explain tells what was set aside from what was deleted', async t => {
  await using world = await World.open()
  const subject = { code: Uint8Array.of(0, 0) }
  const stateOf = async (id: string) => (await explain(world.store, 'v1', subject, {}, id, world.tokens)).standing
  await world.setAside('image-20', 1)
  t.deepEqual(await stateOf('image-20'), { state: 'set-aside', reason: 'HAMMINGBIRD_IMAGE_UNREADABLE: no image' })
  await world.delete([20])
  t.deepEqual(await stateOf('image-20'), { state: 'deleted' })
  await world.setAside('image-20', 1e6)
  t.is((await stateOf('image-20')).state, 'set-aside')
  await world.refuse('image-3')
  t.deepEqual(await stateOf('image-3'), { state: 'set-aside', reason: 'HAMMINGBIRD_IMAGE_KILLS' })
})

test('search: the nearest on one page are those of the oracle, shown as they are now', async t => {
  const steps = fc.array(fc.record({ puts: fc.array(put, { maxLength: 10 }), deletes: fc.array(fc.nat(14), { maxLength: 2 }), subject, k: fc.integer({ min: 1, max: 12 }), radius: fc.option(fc.nat(BITS), { nil: undefined }) }), { minLength: 1, maxLength: 6 })
  const show = (item: StoredItem, ordinal: number): Buffer => Buffer.from(JSON.stringify([item.id, item.labels, item.metadata, isStale(item.codes.get('v1'), ordinal)]))
  await fc.assert(fc.asyncProperty(steps, async steps => {
    await using world = await World.open()
    for (const { puts, deletes, subject, k, radius } of steps) {
      await world.put(puts)
      await world.delete(deletes)
      // Twice: as they are read, and as they are kept.
      for (let round = 0; round < 2; round++) {
        const found = await nearestImages(world.store, { version: 'v1', subject }, { k, radius }, show, {})
        const expected = expectedOf(world.images(), subject, { k, radius })
        t.deepEqual(found!.rows.map(row => String(row)), expected.map(({ id, item, offset, codeOffset }) => JSON.stringify([id, item.labels, item.metadata, offset !== codeOffset])))
        t.deepEqual(found!.distances, expected.map(image => hammingDistance(subject.code, image.code)))
        const covered = world.images().filter(image => hammingDistance(subject.code, image.code) <= found!.radiusCovered)
        t.true(covered.length <= expected.length && found!.radiusCovered <= (radius ?? BITS))
      }
    }
  }), { numRuns: 60 })
})

test('search: with a filter, pages or detail the nearest are not for one page', async t => {
  await using world = await World.open()
  const subject = { code: Uint8Array.of(0, 0), detail: Uint8Array.of(1, 2) }
  for (const query of [{ filter: { anyLabels: ['cat'] } }, { collapse: true }, { countOnly: true }, { k: 5, pageSize: 4 }, { radius: 3 }, { rank: 'detail' as const }]) {
    t.is(await nearestImages(world.store, { version: 'v1', subject }, query, () => Buffer.alloc(0), {}), undefined, JSON.stringify(query))
  }
})

test('search: what cannot be is refused, by the name of its field', async t => {
  await using world = await World.open()
  const subject = { code: Uint8Array.of(0, 0) }
  const search = (query: ImageQuery, other: Subject = subject) => searchImages(world.store, { version: 'v1', subject: other }, query, world.tokens)
  for (const query of [{ k: 0 }, { k: 1.5 }, { radius: -1 }, { radius: 17 }, { pageSize: 0 }, { pageSize: 10_001 }]) {
    t.is(codeOf(await t.throwsAsync(search(query))), 'HAMMINGBIRD_INVALID')
  }
  t.is(codeOf(await t.throwsAsync(search({}, { ...subject, outputs: [1] }))), 'HAMMINGBIRD_INVALID')
  await t.throwsAsync(search({}, { code: new Uint8Array(4) }), { instanceOf: CodeWidthError })
  t.is(codeOf(await t.throwsAsync(searchImages(world.store, { version: 'v9', subject }, {}, world.tokens))), 'HAMMINGBIRD_NOT_FOUND')
})

test('search: a page token goes with its query and its tables, and with no others', async t => {
  await using world = await World.open()
  await world.put(Array.from({ length: 5 }, (_, id) => ({ id, code: Uint8Array.of(0, id), detail: undefined, coded: true, labels: [], capturedAtMs: undefined, bytes: id, iso: '50' })))
  const subject = { code: Uint8Array.of(0, 0) }
  const { nextPageToken } = await searchImages(world.store, { version: 'v1', subject }, { pageSize: 2 }, world.tokens)
  const next = (query: ImageQuery) => searchImages(world.store, world.read(nextPageToken!), query, world.tokens)
  for (const query of [{ pageSize: 2, k: 9 }, { pageSize: 2, radius: 3 }, { pageSize: 2, name: 'other' }, { collapse: true }]) t.is(codeOf(await t.throwsAsync(next(query))), 'HAMMINGBIRD_INVALID')
  t.is((await next({ pageSize: 3 })).hits.length, 3, 'the size of a page may change')
  const cursor = world.tokens.read(nextPageToken!)
  const nextOf = (subject: Subject) => searchImages(world.store, { ...cursor, subject }, { pageSize: 2 }, world.tokens)
  t.is((await nextOf({ code: Buffer.alloc(2) })).hits.length, 2, 'what is searched for may be made again')
  for (const changed of [{ code: Uint8Array.of(0, 1) }, { ...subject, ordinal: 1 }, { ...subject, outputs: new Float32Array(BITS) }, { ...subject, detail: Uint8Array.of(1) }]) t.is(codeOf(await t.throwsAsync(nextOf(changed))), 'HAMMINGBIRD_PAGE_EXPIRED')
  await world.store.dropVersion('v1')
  t.is(codeOf(await t.throwsAsync(next({ pageSize: 2 }))), 'HAMMINGBIRD_NOT_FOUND')
  await world.store.addVersion('v1', BITS)
  t.is(codeOf(await t.throwsAsync(next({ pageSize: 2 }))), 'HAMMINGBIRD_PAGE_EXPIRED')
})

/** A collection, and what is in it. */
class World implements AsyncDisposable {
  readonly tokens = new PageTokens()
  readonly deleted = new Set<string>()
  readonly #known = new Map<string, Known | { readonly id: string, readonly item: ItemFields }>()
  /** Of C.items, by partition: two items may stand at one offset. */
  readonly #ends = [0, 0]
  #applied = 0

  private constructor (readonly directory: StoreDirectory, readonly store: StoredCollection) {}

  static async open (openCodes?: OpenCodes): Promise<World> {
    const directory = await StoreDirectory.open(new MemoryKeyValue(), { pageCodes: 8, ...openCodes && { openCodes } })
    const store = await directory.collection('c')
    await store.addVersion('v1', BITS)
    return new World(directory, store)
  }

  /** Images that have a code. */
  images (): Known[] {
    return [...this.#known.values()].filter(known => 'code' in known)
  }

  /** Where a page token says that it goes on. */
  read (token: string): SearchFrom {
    const cursor = this.tokens.read(token)
    return { ...cursor, subject: this.tokens.subject(cursor)! }
  }

  waiting (id: string): boolean {
    return this.#known.has(id) && !this.images().some(image => image.id === id)
  }

  async put (puts: readonly Put[]): Promise<void> {
    const changes = puts.flatMap(({ id: n, code, detail, coded, labels, capturedAtMs, bytes, iso }): StoreChange[] => {
      const id = `image-${n}`
      const [partition, offset] = [n % 2, this.#ends[n % 2]! += 1]
      const item = { labels, metadata: { iso }, uri: '', capturedAtMs, sha256: Buffer.alloc(32, bytes), source: { partition: 0, offset }, publishedAtMs: 0, width: 1, height: 1, format: 'png' }
      const former = this.#known.get(id)
      if (coded) this.#known.set(id, { id, partition, offset, codeOffset: offset, code, detail, item })
      else this.#known.set(id, { ...former, id, offset, item })
      this.deleted.delete(id)
      return [{ kind: 'item', id, partition, offset, item, picture: undefined }, ...coded ? [{ kind: 'code' as const, version: 'v1', id, partition, itemOffset: offset, code, detail }] : []]
    })
    await this.#apply(changes)
  }

  async delete (ids: readonly number[]): Promise<void> {
    await this.#apply(ids.map(n => {
      this.#known.delete(`image-${n}`)
      this.deleted.add(`image-${n}`)
      return { kind: 'item-gone', id: `image-${n}`, partition: n % 2, offset: this.#ends[n % 2]! += 1, source: { partition: 0, offset: this.#ends[n % 2]! } }
    }))
  }

  async setAside (id: string, sourceOffset: number): Promise<void> {
    const offset = this.#applied
    await this.#apply([{ kind: 'set-aside', entry: { id, partition: 0, offset, code: 'HAMMINGBIRD_IMAGE_UNREADABLE', message: 'no image', stage: 'ingest', sourceTopic: 'c.images', sourcePartition: 0, sourceOffset, atMs: 0, imageBytes: 1 } }])
  }

  async refuse (id: string): Promise<void> {
    await this.put([{ id: Number(id.slice(6)), code: Uint8Array.of(0, 0), detail: undefined, coded: false, labels: [], capturedAtMs: undefined, bytes: 0, iso: '50' }])
    await this.#apply([{ kind: 'code-refused', version: 'v1', id, partition: 1, itemOffset: this.#ends[1]!, refused: 'HAMMINGBIRD_IMAGE_KILLS' }])
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await this.directory.close()
  }

  async #apply (changes: readonly StoreChange[]): Promise<void> {
    await this.store.apply(changes, { topic: 'c.items', partition: 0, next: this.#applied += 1, atMs: 0 })
  }
}

/** A scan of everything under the total order, written for no purpose but to be right. */
function expectedOf (images: readonly Known[], { code, outputs, detail }: Subject, { k, radius, filter = {}, collapse, rank }: ImageQuery): Known[] {
  const distance = (image: Known) => hammingDistance(code, image.code)
  const asymmetric = (image: Known) => outputs ? asymmetricDistance(outputs, image.code) : 0
  const apart = (image: Known) => rank === 'detail' && detail ? image.detail ? detailDistance(detail, image.detail) : 1e9 : 0
  const matches = images
    .filter(image => distance(image) <= (radius ?? BITS) && failingPart(filter, image.item) === undefined)
    .sort((a, b) => distance(a) - distance(b) || asymmetric(a) - asymmetric(b) || apart(a) - apart(b) || b.codeOffset - a.codeOffset || a.partition - b.partition)
  const first = new Map(matches.toReversed().map(image => [Buffer.from(image.item.sha256).toString('hex'), image]))
  return (collapse ? matches.filter(image => [...first.values()].includes(image)) : matches).slice(0, k ?? (radius === undefined ? 10 : Infinity))
}

function compare (t: ExecutionContext, hits: readonly ImageHit[], expected: readonly Known[], { code }: Subject): void {
  t.deepEqual(
    hits.map(({ item, distance, score, stale }) => ({ id: item.id, distance, score, stale })),
    expected.map(image => {
      const distance = hammingDistance(code, image.code)
      return { id: image.id, distance, score: 1 - distance / BITS, stale: image.codeOffset < image.offset }
    })
  )
}

test('search: a page goes on behind the one before, also where what it is asked for does not reach so far at first', async t => {
  await using world = await World.open()
  const image = (id: number, byte: number, iso: Put['iso']): Put => ({ id, code: Uint8Array.of(byte, 0), detail: undefined, coded: true, labels: [], capturedAtMs: undefined, bytes: id, iso })
  await world.put([...[0, 1, 2, 3].map(id => image(id, 0, '50')), image(4, 0, '400'), image(5, 0, '400'), image(6, 1, '50'), image(7, 255, '50'), ...Array.from({ length: 6 }, (_, i) => image(8 + i, 0, '50'))])
  const query: ImageQuery = { k: 2, pageSize: 1, filter: { metadata: [{ field: 'iso', atLeast: '100' }] } }
  const first = await searchImages(world.store, { version: 'v1', subject: { code: Uint8Array.of(255, 255) } }, query, world.tokens)
  const second = await searchImages(world.store, world.read(first.nextPageToken!), query, world.tokens)
  t.deepEqual([...first.hits, ...second.hits].map(({ item }) => item.id), ['image-4', 'image-5'])
})
