import test from 'ava'
import { ItemCache } from '../../../index-server/store/item-cache.js'
import type { StoredItem } from '../../../index-server/store/collection-store.js'

function itemOf (id: string, offset: number, uri = ''): StoredItem {
  return {
    id, offset, partition: 0, labels: [], metadata: {}, uri, capturedAtMs: undefined, sha256: new Uint8Array(32), source: { partition: 0, offset },
    publishedAtMs: 0, width: 1, height: 1, format: 'png', codes: new Map()
  }
}

test('item cache: what changed while it was read is not kept', t => {
  const cache = new ItemCache(100)
  const reading = cache.begin()
  cache.forget(['a'])
  cache.end(reading, [itemOf('a', 1), itemOf('b', 1), undefined])
  t.is(cache.item('a'), undefined)
  t.is(cache.item('b')?.offset, 1)
  cache.forget(['b'])
  t.is(cache.item('b'), undefined)
  const over = cache.begin()
  cache.clear()
  cache.end(over, [itemOf('c', 1)])
  t.is(cache.item('c'), undefined)
})

test('item cache: what is asked for stays, what is not goes, and large ones take more room', t => {
  const cache = new ItemCache(10)
  const keep = (...items: StoredItem[]): void => { cache.end(cache.begin(), items) }
  keep(itemOf('a', 1), itemOf('b', 1))
  cache.addIds(1, [7, 8], ['a', undefined])
  for (let i = 0; i < 30; i++) {
    t.is(cache.item('a')?.id, 'a')
    t.is(cache.id(1, 7), 'a')
    keep(itemOf(`other-${i}`, i))
  }
  t.is(cache.item('b'), undefined)
  t.is(cache.id(1, 8), undefined)
  t.is(cache.id(2, 7), undefined)
  keep(itemOf('large', 1, 'x'.repeat(5000)))
  keep(itemOf('c', 1))
  keep(itemOf('larger', 1, 'x'.repeat(5000)))
  keep(itemOf('d', 1))
  t.is(cache.item('a'), undefined)
})
