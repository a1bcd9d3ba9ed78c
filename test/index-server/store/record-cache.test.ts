import test from 'ava'
import fc from 'fast-check'
import { RecordCache } from '../../../index-server/store/record-cache.js'

test('record cache: has of a name what was last set, or nothing, and holds the newest', t => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(20), fc.option(fc.nat(255))), { size: '+1' }), sets => {
    const cache = new RecordCache(4)
    const truth = new Map<string, Buffer | null>()
    for (const [i, [name, byte]] of sets.entries()) {
      const row = byte === null ? null : Buffer.of(byte)
      cache.set(`${name}`, row)
      truth.set(`${name}`, row)
      for (const [known, expected] of truth) if (cache.get(known) !== undefined) t.is(cache.get(known), expected)
      for (const [recent] of sets.slice(Math.max(0, i - 3), i + 1)) t.not(cache.get(`${recent}`), undefined)
    }
  }))
})
