import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { codeOf } from '../../../errors.js'
import { hammingDistance } from '../../../hamming/distance.js'
import { PageTokens } from '../../../index-server/search/page-tokens.js'
import { searchImages } from '../../../index-server/search/search-images.js'
import type { StoreChange } from '../../../index-server/store/collection-store.js'
import { StoreDirectory } from '../../../index-server/store/store-directory.js'
import { RocksKeyValue } from '../../../kv/rocks.js'
import { tempDirectory } from '../../fixtures/temp-directory.js'

const IMAGES = 2000

function code (i: number): Buffer {
  return createHash('sha256').update(String(i)).digest().subarray(0, 8)
}

test('a store with a bit of a code flipped on the disk: a search finds what it should, or says that the store is damaged', async t => {
  t.timeout(120_000)
  const directory = tempDirectory(t)
  {
    await using kv = await RocksKeyValue.open({ directory })
    await using stores = await StoreDirectory.open(kv, { pageCodes: 64 })
    const store = await stores.collection('c')
    await store.addVersion('v1', 64)
    await store.apply(Array.from({ length: IMAGES }, (_, i): StoreChange[] => [
      { kind: 'item', id: `image-${i}`, partition: 0, offset: i, picture: undefined, item: { labels: [], metadata: {}, uri: '', capturedAtMs: undefined, sha256: Buffer.alloc(32, i), source: { partition: 0, offset: i }, publishedAtMs: 0, width: 1, height: 1, format: 'png' } },
      { kind: 'code', version: 'v1', id: `image-${i}`, partition: 0, itemOffset: i, code: code(i), detail: undefined }
    ]).flat(), { topic: 'c.items', partition: 0, next: IMAGES, atMs: 0 })
    await kv.compact({})
  }
  const nearest = Array.from({ length: IMAGES }, (_, i) => i).sort((a, b) => hammingDistance(code(a), code(77)) - hammingDistance(code(b), code(77)) || b - a)
  const expected = (radius: number): string[] => nearest.filter(i => hammingDistance(code(i), code(77)) <= radius).map(i => `image-${i}`)
  const search = async (): Promise<'right' | 'wrong'> => {
    await using kv = await RocksKeyValue.open({ directory })
    await using stores = await StoreDirectory.open(kv, { pageCodes: 64 })
    const store = await stores.collection('c')
    for (const radius of [0, 16, 64]) {
      const { hits } = await searchImages(store, { version: 'v1', subject: { code: code(77) } }, { radius, pageSize: 10_000 }, new PageTokens())
      if (JSON.stringify(hits.map(({ item }) => item.id)) !== JSON.stringify(expected(radius))) return 'wrong'
    }
    return 'right'
  }
  t.is(await search(), 'right')

  // Each code stands in its record, in a page, and in every bucket table.
  const seen = new Set<string>()
  for (const file of readdirSync(directory).filter(name => name.endsWith('.sst')).map(name => join(directory, name))) {
    const whole = readFileSync(file)
    for (let at = whole.indexOf(code(77)); at >= 0; at = whole.indexOf(code(77), at + 1)) {
      const damaged = Buffer.from(whole)
      damaged[at + 3]! ^= 1
      writeFileSync(file, damaged)
      const came = await search().catch(codeOf)
      t.not(came, 'wrong', `${file} at ${at}`)
      seen.add(came)
    }
    writeFileSync(file, whole)
  }
  t.true(seen.has('HAMMINGBIRD_FORMAT'))
  t.is(await search(), 'right')
})
