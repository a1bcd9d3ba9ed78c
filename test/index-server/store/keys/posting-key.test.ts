import test from 'ava'
import fc from 'fast-check'
import { chunking } from '../../../../hamming/chunks.js'
import type { Range } from '../../../../kv/key-value.js'
import { bucketRange, bucketsRange, encodePostingKey, ordinalOfPostingKey } from '../../../../index-server/store/keys/posting-key.js'

const u32 = fc.oneof(fc.integer({ min: 0, max: 0xffff_ffff }), fc.constantFrom(0, 1, 0xff, 0xffff_ffff))
const chunk = fc.oneof(fc.integer({ min: 0, max: 0xff_ffff }), fc.constantFrom(0, 0xff, 0xffff, 0xff_ffff))
const place = fc.tuple(u32, fc.integer({ min: 0, max: 63 }), chunk, u32)

test('posting key: the ordinal comes back', t => {
  fc.assert(fc.property(place, ([tables, table, chunk, ordinal]) => {
    t.is(ordinalOfPostingKey(encodePostingKey(tables, table, chunk, ordinal)), ordinal)
  }))
})

test('posting key: the order of keys is the order of the fields', t => {
  fc.assert(fc.property(place, place, (a, b) => {
    t.is(Buffer.compare(encodePostingKey(...a), encodePostingKey(...b)), orderOf(a, b))
  }))
})

test('posting key: the range of a bucket has its keys and no others', t => {
  fc.assert(fc.property(place, place, ([tables, table, chunk], other) => {
    t.is(isIn(bucketRange(tables, table, chunk), encodePostingKey(...other)), tables === other[0] && table === other[1] && chunk === other[2])
    t.true(isIn(bucketRange(tables, table, chunk), encodePostingKey(tables, table, chunk, other[3])))
  }))
})

test('posting key: the range of some buckets has theirs and no others, up to the end of the table', t => {
  const cut = chunking(64, 4)
  const bucket = fc.integer({ min: 0, max: 0xffff })
  fc.assert(fc.property(u32, fc.integer({ min: 0, max: 3 }), bucket, fc.integer({ min: 0, max: 0x1_0000 }), fc.tuple(u32, fc.integer({ min: 0, max: 3 }), bucket, u32), (tables, table, from, to, other) => {
    for (const key of [other, [tables, table, other[2], other[3]] as const]) {
      t.is(isIn(bucketsRange(tables, table, from, to, cut), encodePostingKey(...key)), key[0] === tables && key[1] === table && key[2] >= from && key[2] < to)
    }
  }))
})

test('posting key: written out', t => {
  t.is(encodePostingKey(0x01020304, 5, 0x060708, 0x090a0b0c).toString('hex'), '74 01020304 05 060708 090a0b0c'.replaceAll(' ', ''))
})

function orderOf (a: readonly number[], b: readonly number[]): -1 | 0 | 1 {
  const at = a.findIndex((field, i) => field !== b[i])
  return at < 0 ? 0 : a[at]! < b[at]! ? -1 : 1
}

function isIn ({ gte, lt }: Range, key: Uint8Array): boolean {
  return (!gte || Buffer.compare(key, gte) >= 0) && (!lt || Buffer.compare(key, lt) < 0)
}
