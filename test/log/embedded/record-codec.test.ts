import test from 'ava'
import fc from 'fast-check'
import { decodeDirty, encodeDirty } from '../../../log/embedded/dirty.js'
import { decodeRecord, encodeRecord, recordBytes } from '../../../log/embedded/record-codec.js'
import type { NewRecord } from '../../../log/log.js'

const bytes = fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes))
const headers = fc.dictionary(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'constructor', '')), bytes, { maxKeys: 5 })
const record: fc.Arbitrary<NewRecord> = fc.record({ topic: fc.constant('topic'), key: fc.option(bytes), value: fc.option(bytes), headers })

test('a stored record: one, written out', t => {
  const given: NewRecord = { topic: 't', key: Buffer.from('k'), value: Buffer.from('v'), headers: { h: Buffer.from('x') } }
  t.is(encodeRecord(given, recordBytes(given), 1).toString('hex'), '0f 3ff0000000000000 00000001 6b 0001 0001 68 00000001 78 76 24d07ffb'.replaceAll(' ', ''))
})

test('a stored record: what was encoded is decoded', t => {
  fc.assert(fc.property(record, fc.maxSafeNat(), fc.maxSafeNat(), (given, timestampMs, offset) => {
    const decoded = decodeRecord(encodeRecord(given, recordBytes(given), timestampMs), 'topic', 3, offset)
    t.deepEqual(decoded, { topic: 'topic', partition: 3, offset, key: given.key, value: given.value, headers: decoded.headers, timestampMs })
    t.deepEqual(Object.entries(decoded.headers).sort(), Object.entries(given.headers!).sort())
  }))
})

test('a stored record: a bit that turned is found, wherever it is', t => {
  fc.assert(fc.property(record, fc.nat(), fc.integer({ min: 0, max: 7 }), (given, at, bit) => {
    const stored = encodeRecord(given, recordBytes(given), 1)
    const place = at % stored.length
    if (place === 0 && bit === 3) return // the flag that says there is a checksum
    stored[place]! ^= 1 << bit
    t.throws(() => decodeRecord(stored, 'topic', 3, 7), { code: 'HAMMINGBIRD_STORAGE', message: /^topic partition 3 offset 7 is damaged/ })
  }))
})

test('a stored record: one of before there was a checksum is read', t => {
  const stored = Buffer.from('07 3ff0000000000000 00000001 6b 0001 0001 68 00000001 78 76'.replaceAll(' ', ''), 'hex')
  const { key, value, headers } = decodeRecord(stored, 'topic', 0, 0)
  t.deepEqual([key, value, headers].map(String), ['k', 'v', '[object Object]'])
})

test('a stored record: headers that cannot be written are refused', t => {
  t.throws(() => recordBytes({ topic: 't', key: null, value: null, headers: { ['x'.repeat(2 ** 16)]: Buffer.alloc(0) } }), { instanceOf: RangeError })
  const many = Object.fromEntries(Array.from({ length: 2 ** 16 }, (_, i) => [`h${i}`, Buffer.alloc(0)]))
  t.throws(() => recordBytes({ topic: 't', key: null, value: null, headers: many }), { instanceOf: RangeError })
})

test('a note for the cleaner: what was encoded is decoded', t => {
  fc.assert(fc.property(fc.maxSafeNat(), fc.boolean(), bytes, (writtenAtMs, tombstone, key) => {
    t.deepEqual(decodeDirty(encodeDirty({ writtenAtMs, tombstone, key })), { writtenAtMs, tombstone, key })
  }))
})
