import test from 'ava'
import fc from 'fast-check'
import { RecordCache } from '../../../index-server/store/record-cache.js'

test('record cache: has of a name what was last added, or nothing, and the last two additions for certain', t => {
  const row = fc.tuple(fc.nat(20).map(String), fc.option(fc.nat(255).map(byte => Buffer.of(byte))))
  fc.assert(fc.property(fc.array(fc.array(row, { maxLength: 9 }), { size: '+1' }), additions => {
    const cache = new RecordCache(4)
    const truth = new Map<string, Buffer | null>()
    for (const [i, rows] of additions.entries()) {
      cache.add(rows)
      for (const [name, bytes] of rows) truth.set(name, bytes)
      for (const [name, expected] of truth) if (cache.get(name) !== undefined) t.is(cache.get(name), expected)
      for (const [name] of [...additions[i - 1] ?? [], ...rows]) t.not(cache.get(name), undefined)
    }
  }))
})
