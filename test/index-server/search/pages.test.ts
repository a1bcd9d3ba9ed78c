import test from 'ava'
import fc from 'fast-check'
import type { Operation } from '../../../kv/key-value.js'
import { hammingDistance } from '../../../hamming/distance.js'
import { failingPart, type ItemFilter } from '../../../index-server/search/filter.js'
import type { ImageQuery, Subject } from '../../../index-server/search/image-query.js'
import { PageTokens } from '../../../index-server/search/page-tokens.js'
import { searchImages, type SearchFrom } from '../../../index-server/search/search-images.js'
import { detailDistance, RANK_BUDGET } from '../../../index-server/search/total-order.js'
import type { ItemFields, StoreChange } from '../../../index-server/store/collection-store.js'
import { StoreDirectory } from '../../../index-server/store/store-directory.js'
import type { StoredCollection } from '../../../index-server/store/stored-collection.js'
import { MemoryKeyValue } from '../../fixtures/memory-key-value.js'

const BITS = 16
/** Images at distance 0, 1, 2: too few of the second for sets of labels to be made at once, more of the third than are ordered by detail. */
const AT_DISTANCE = [5, 200, 1150]
const IMAGES = 5000
/** An offset behind those of all images. */
const LATER = 1e9
/** Sets of labels that a collection keeps. */
const SETS_KEPT = 64

interface Image {
  readonly id: string
  readonly offset: number
  readonly code: Uint8Array
  readonly detail: Uint8Array | undefined
  readonly item: ItemFields
}

const images = Array.from({ length: IMAGES }, (_, i) => imageOf(i))
const tokens = new PageTokens()
const opened = open()

test.after.always('close', async () => {
  await (await opened).directory.close()
})

const filters: readonly ItemFilter[] = [{}, { anyLabels: ['cat'] }, { allLabels: ['most'] }, { anyLabels: ['most'], noLabels: ['cat'] }, { noLabels: ['cat'] }, { capturedFromMs: 5 }, { capturedFromMs: 40, anyLabels: ['most', 'cat'] }]
const subject = fc.record({
  own: fc.option(fc.nat(IMAGES - 1), { nil: undefined, freq: 2 }),
  outputs: fc.boolean(),
  detail: fc.uint8Array({ minLength: 2, maxLength: 2 })
})
const query: fc.Arbitrary<ImageQuery> = fc.record({
  k: fc.constantFrom(30, 150, 600),
  radius: fc.constantFrom(1, 2, BITS),
  filter: fc.constantFrom(...filters),
  collapse: fc.boolean(),
  rank: fc.constantFrom('newest' as const, 'detail' as const)
}, { requiredKeys: ['k', 'rank', 'filter'] })

test('pages: joined they are one search without pages, whatever sets of labels come and go between them', async t => {
  const { store } = await opened
  await fc.assert(fc.asyncProperty(subject, query, fc.constantFrom(7, 10, 60, 300), fc.array(fc.constantFrom('nothing', 'makes', 'evicts'), { minLength: 1, maxLength: 6 }), async (drawn, query, pageSize, between) => {
    const own = drawn.own === undefined ? undefined : (await store.item(`image-${drawn.own}`))!.codes.get('v1')!
    const ordinal = own && 'ordinal' in own ? own.ordinal : undefined
    const subject = { code: new Uint8Array(2), detail: drawn.detail, ...drawn.outputs && { outputs: new Float32Array(BITS).fill(-1) }, ...ordinal !== undefined && { ordinal } }
    const expected = expectedOf(subject, query, drawn.own)
    const whole = await searchImages(store, { version: 'v1', subject }, { ...query, pageSize: 10_000 }, tokens)
    t.deepEqual(whole.hits.map(({ item }) => item.id), expected)
    await evict(store)
    const found: string[] = []
    let from: SearchFrom = { version: 'v1', subject }
    for (let page = 0; ; page++) {
      const answer = await searchImages(store, from, { ...query, pageSize }, tokens)
      found.push(...answer.hits.map(({ item }) => item.id))
      if (answer.nextPageToken === undefined) break
      const cursor = tokens.read(answer.nextPageToken)
      t.true(answer.nextPageToken.length < 200)
      from = { ...cursor, subject: page % 2 === 0 ? tokens.subject(cursor)! : subject }
      const then = between[page % between.length]!
      if (then === 'makes') await searchImages(store, { version: 'v1', subject }, { ...query.filter && { filter: query.filter }, k: 3000 }, tokens)
      if (then === 'evicts') await evict(store)
    }
    t.deepEqual(found, expected)
  }), { numRuns: 30 })
})

test('pages: a set of a label that another search makes between two pages of one tie loses none of it', async t => {
  const { directory, store } = await open()
  const subject = { code: new Uint8Array(2) }
  const query: ImageQuery = { k: 150, filter: { anyLabels: ['cat'] }, pageSize: 10 }
  const found: string[] = []
  let from: SearchFrom = { version: 'v1', subject }
  for (;;) {
    const { hits, nextPageToken } = await searchImages(store, from, query, tokens)
    found.push(...hits.map(({ item }) => item.id))
    if (nextPageToken === undefined) break
    from = { ...tokens.read(nextPageToken), subject }
    await searchImages(store, { version: 'v1', subject }, { ...query, k: 3000, pageSize: 3000 }, tokens)
  }
  t.deepEqual(found, expectedOf(subject, query, undefined))
  await directory.close()
})

test('pages: with detail none is lost or doubled when others of its tie are deleted or get another code between pages', async t => {
  const { directory, store, apply } = await open()
  const subject = { code: new Uint8Array(2), detail: Uint8Array.of(7, 200) }
  const query: ImageQuery = { radius: 2, filter: { capturedFromMs: 5 }, rank: 'detail', pageSize: 300 } // the first page ends in the third tie
  const order = expectedOf(subject, query, undefined)
  const found: string[] = []
  const gone = new Set<string>()
  let from: SearchFrom = { version: 'v1', subject }
  for (let page = 0; ; page++) {
    const { hits, nextPageToken } = await searchImages(store, from, query, tokens)
    found.push(...hits.map(({ item }) => item.id))
    if (nextPageToken === undefined) break
    from = { ...tokens.read(nextPageToken), subject }
    const some = images.filter((_, i) => i >= 300 && i < 1300 && i % 20 === page)
    for (const { id } of some) gone.add(id)
    const offset = LATER + IMAGES * page
    await apply(some.map(({ id }, i): StoreChange => ({ kind: 'item-gone', id, partition: 0, offset: offset + i, source: undefined })))
    const others = images.filter((_, i) => i >= 300 && i < 1300 && i % 20 === page + 10)
    await apply(others.map(({ id }, i): StoreChange => ({ kind: 'code', version: 'v1', id, partition: 0, itemOffset: offset + 200 + i, code: Uint8Array.of(255, 255), detail: undefined })))
  }
  t.true(gone.size > 100)
  t.deepEqual(found, order.filter(id => found.includes(id)), 'in the order of the first moment, none twice')
  t.deepEqual(order.filter(id => !found.includes(id) && !gone.has(id)), [])
  await directory.close()
})

test('pages: an image whose new code is durable and not committed yet is found by the former one', async t => {
  const kv = new HeldKeyValue()
  const { directory, store, apply } = await open(kv)
  const subject = { code: new Uint8Array(2) }
  const hold = kv.hold()
  const applied = apply([{ kind: 'code', version: 'v1', id: 'image-8', partition: 0, itemOffset: LATER, code: Uint8Array.of(255, 255), detail: undefined }])
  await hold.durable
  for (const filter of [{ anyLabels: ['cat'] }, { noLabels: ['bird'], capturedFromMs: 0 }]) {
    const query: ImageQuery = { radius: 2, filter, pageSize: 10_000 }
    const { hits } = await searchImages(store, { version: 'v1', subject }, query, tokens)
    t.deepEqual(hits.map(({ item }) => item.id), expectedOf(subject, query, undefined))
  }
  hold.release()
  await applied
  await directory.close()
})

/** A scan of everything under the total order. */
function expectedOf ({ code, outputs, detail }: Subject, { k = Infinity, radius = BITS, filter = {}, collapse = false, rank }: ImageQuery, own: number | undefined): string[] {
  const distance = (image: Image): number => hammingDistance(code, image.code)
  const newest = (image: Image): number => own !== undefined && image === images[own] ? Infinity : image.offset
  // All outputs are the same: what is equally far from a code of zeros has as many ones, and is equally far by them too.
  assertOneOutput(outputs === undefined || new Set(Array.from(outputs)).size === 1)
  const passing = images.filter(image => distance(image) <= radius && failingPart(filter, image.item) === undefined)
  const ties = new Map(Array.from({ length: BITS + 1 }, (_, far) => [far, passing.filter(image => distance(image) === far)]))
  const ordered = [...ties.values()].flatMap(tie => {
    tie.sort((a, b) => newest(b) - newest(a))
    if (rank !== 'detail' || !detail) return tie
    const apart = (image: Image): number => image.detail ? detailDistance(detail, image.detail) : 1e9
    return [...tie.slice(0, RANK_BUDGET).sort((a, b) => apart(a) - apart(b)), ...tie.slice(RANK_BUDGET)]
  })
  const seen = new Set<string>()
  const bytes = ({ item }: Image): string => Buffer.from(item.sha256).toString('hex')
  return ordered.filter(image => !collapse || seen.size < seen.add(bytes(image)).size).slice(0, k).map(({ id }) => id)
}

function assertOneOutput (holds: boolean): void {
  if (!holds) throw new Error('the oracle knows outputs only that are all the same')
}

function imageOf (i: number): Image {
  const mixed = Math.imul(i + 1, 0x9e3779b1) >>> 0
  const near = AT_DISTANCE.reduce((found, _, distance) => found < 0 && i < AT_DISTANCE.slice(0, distance + 1).reduce((sum, n) => sum + n, 0) ? distance : found, -1)
  const labels = [...i % 8 === 0 ? ['cat'] : [], ...i % 20 === 3 ? [] : ['most']]
  return {
    id: `image-${i}`,
    offset: mixed % 7919 * IMAGES + i,
    code: near < 0 ? Uint8Array.of(mixed & 0xff, 7) : Uint8Array.of(0, 2 ** near - 1),
    detail: i % 11 === 0 ? undefined : Uint8Array.of(mixed >>> 8, mixed >>> 16 & 3),
    item: { labels, metadata: {}, uri: '', capturedAtMs: mixed % 100, sha256: Buffer.alloc(32, i % 250), source: { partition: 0, offset: i }, publishedAtMs: 0, width: 1, height: 1, format: 'png' }
  }
}

/** A collection of all images. */
async function open (kv = new MemoryKeyValue()): Promise<{ directory: StoreDirectory, store: StoredCollection, apply: (changes: readonly StoreChange[]) => Promise<void> }> {
  const directory = await StoreDirectory.open(kv, { pageCodes: 64 })
  const store = await directory.collection('c')
  await store.addVersion('v1', BITS)
  let next = 0
  const apply = (changes: readonly StoreChange[]): Promise<void> => store.apply(changes, { topic: 'c.items', partition: 0, next: ++next, atMs: 0 })
  await apply(images.flatMap(({ id, offset, item, code, detail }): StoreChange[] => [
    { kind: 'item', id, partition: 0, offset, item, picture: undefined },
    { kind: 'code', version: 'v1', id, partition: 0, itemOffset: offset, code, detail }
  ]))
  return { directory, store, apply }
}

/** Asks for so many other labels that no set of those before is kept. */
async function evict (store: StoredCollection): Promise<void> {
  for (let i = 0; i < SETS_KEPT; i++) await store.labelledOrdinals('v1', { any: [`other-${i}`], all: [] }, 1, undefined)
}

/** A map whose next write is durable before whoever wrote it hears of it. */
class HeldKeyValue extends MemoryKeyValue {
  #held: { readonly durable: () => void, readonly released: Promise<void> } | undefined

  hold (): { readonly durable: Promise<void>, readonly release: () => void } {
    let [durable, release] = [(): void => undefined, (): void => undefined]
    const written = new Promise<void>(resolve => { durable = resolve })
    const released = new Promise<void>(resolve => { release = resolve })
    this.#held = { durable, released }
    return { durable: written, release }
  }

  override async write (operations: readonly Operation[]): Promise<void> {
    const held = this.#held
    this.#held = undefined
    await super.write(operations)
    held?.durable()
    await held?.released
  }
}
