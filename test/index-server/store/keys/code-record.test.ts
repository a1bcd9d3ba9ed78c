import test from 'ava'
import fc from 'fast-check'
import { codeOf } from '../../../../errors.js'
import { codeOfRecord, decodeCodeRecord, encodeCodeKey, encodeCodeRecord, ordinalOfCodeKey } from '../../../../index-server/store/keys/code-record.js'

const record = fc.record({
  id: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
  partition: fc.integer({ min: 0, max: 0xffff }),
  itemOffset: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  code: fc.uint8Array({ minLength: 2, maxLength: 128 }),
  detail: fc.option(fc.uint8Array({ minLength: 1, maxLength: 64 }), { nil: undefined })
})

test('code record: decoding undoes encoding', t => {
  fc.assert(fc.property(record, record => {
    const encoded = encodeCodeRecord(record)
    const decoded = decodeCodeRecord(encoded)
    t.deepEqual({ ...decoded, code: Uint8Array.from(decoded.code), detail: decoded.detail && Uint8Array.from(decoded.detail) }, record)
    t.deepEqual(Uint8Array.from(codeOfRecord(encoded)), record.code)
  }))
})

test('code record: one of another format is refused', t => {
  const encoded = encodeCodeRecord({ id: 'a', partition: 0, itemOffset: 0, code: Uint8Array.of(1, 2), detail: undefined })
  encoded[0] = 2
  t.is(codeOf(t.throws(() => decodeCodeRecord(encoded))), 'HAMMINGBIRD_FORMAT')
})

test('code record: written out', t => {
  t.is(encodeCodeKey(0x01020304, 0x05060708).toString('hex'), '63 01020304 05060708'.replaceAll(' ', ''))
  t.is(ordinalOfCodeKey(encodeCodeKey(1, 0xfffffffe)), 0xfffffffe)
  t.is(
    encodeCodeRecord({ id: 'cat', partition: 3, itemOffset: 0x010203040506, code: Uint8Array.of(0xaa, 0xbb), detail: Uint8Array.of(0xcc) }).toString('hex'),
    '01 0003 010203040506 02 01 aabb cc 636174'.replaceAll(' ', '')
  )
})
