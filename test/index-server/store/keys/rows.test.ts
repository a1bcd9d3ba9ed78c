import test from 'ava'
import fc from 'fast-check'
import { codeOf } from '../../../../errors.js'
import { capturedAtOfItem, decodeItemFields, encodeItemFields, labelsOfItem, metadataOfItem } from '../../../../index-server/store/keys/item-fields.js'
import { decodeJoinRecord, encodeJoinKey, encodeJoinRecord, idOfJoinKey, type CodeEntry, type JoinRecord } from '../../../../index-server/store/keys/join-record.js'
import { encodeLabelKey, idOfLabelKey, labelPrefix } from '../../../../index-server/store/keys/label-key.js'
import { decodeLabels, encodeLabels } from '../../../../index-server/store/keys/labels.js'
import { decodeProgress, decodeProgressKey, encodeProgress, encodeProgressKey } from '../../../../index-server/store/keys/progress-row.js'
import { decodePosition, decodePositionKey, encodePosition, encodePositionKey } from '../../../../index-server/store/keys/position-row.js'
import { RowReader, RowWriter } from '../../../../index-server/store/keys/row-coding.js'
import { decodeSetAside, encodeSetAside, encodeSetAsideKey } from '../../../../index-server/store/keys/set-aside-rows.js'

const u16 = fc.integer({ min: 0, max: 0xffff })
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const u48 = fc.integer({ min: 0, max: 2 ** 48 - 1 })
const text = fc.string({ unit: 'grapheme', maxLength: 20 })
const timeMs = fc.integer({ min: -(2 ** 50), max: 2 ** 50 })
const bytes = fc.uint8Array({ minLength: 1, maxLength: 64 }).map(bytes => Buffer.from(bytes))

const item = fc.record({
  labels: fc.array(text, { maxLength: 3 }),
  metadata: fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true }),
  uri: text,
  capturedAtMs: fc.option(timeMs, { nil: undefined }),
  sha256: bytes,
  source: fc.record({ partition: u32, offset: u48 }),
  publishedAtMs: timeMs,
  width: u32,
  height: u32,
  format: text
})

const entry: fc.Arbitrary<CodeEntry> = fc.oneof(
  fc.record({ kind: fc.constant('coded' as const), tables: u32, itemOffset: u48, ordinal: u32, code: bytes, detailed: fc.boolean() }),
  fc.record({ kind: fc.constant('waiting' as const), tables: u32, itemOffset: u48, code: bytes, detail: fc.option(bytes, { nil: undefined }) }),
  fc.record({ kind: fc.constant('refused' as const), tables: u32, itemOffset: u48, refused: fc.constant('HAMMINGBIRD_IMAGE_KILLS' as const) })
)
const common = { partition: u16, codes: fc.array(entry, { maxLength: 3 }), labels: fc.option(fc.array(text).map(encodeLabels), { nil: undefined }), picture: fc.boolean() }
const join: fc.Arbitrary<JoinRecord> = fc.oneof(
  fc.record({ ...common, state: fc.constant('unknown' as const), at: fc.constant(-1), bornAt: fc.constant(-1), goneSource: fc.constant(undefined), item: fc.constant(undefined) }),
  fc.record({ ...common, state: fc.constant('live' as const), at: u48, bornAt: u48, goneSource: fc.constant(undefined), item: item.map(encodeItemFields) }),
  fc.record({ ...common, state: fc.constant('gone' as const), at: u48, bornAt: fc.constant(-1), goneSource: fc.option(fc.record({ partition: u32, offset: u48 }), { nil: undefined }), item: fc.constant(undefined) })
)

test('row coding: reading undoes writing', t => {
  fc.assert(fc.property(fc.maxSafeNat(), timeMs, text, bytes, fc.array(text), (number, signed, text, bytes, texts) => {
    const reader = new RowReader(new RowWriter().number(number).signed(signed).text(text).bytes(bytes).texts(texts).take())
    t.deepEqual([reader.number(), reader.signed(), reader.text(), reader.bytes(), reader.texts()], [number, signed, text, bytes, texts])
  }))
})

test('item fields, labels: decoding undoes encoding', t => {
  fc.assert(fc.property(item, item => {
    const row = encodeItemFields(item)
    t.deepEqual(decodeItemFields(row), item)
    t.deepEqual([labelsOfItem(row), metadataOfItem(row), capturedAtOfItem(row)], [item.labels, item.metadata, item.capturedAtMs])
  }))
  fc.assert(fc.property(fc.array(text), labels => t.deepEqual(decodeLabels(encodeLabels(labels)), labels)))
})

test('join record: decoding undoes encoding, another format is refused', t => {
  fc.assert(fc.property(join, record => t.deepEqual(decodeJoinRecord(encodeJoinRecord(record)), record)))
  t.is(codeOf(t.throws(() => decodeJoinRecord(Buffer.alloc(17, 2)))), 'HAMMINGBIRD_FORMAT')
})

test('join record: written out', t => {
  t.is(encodeJoinKey(0x01020304, 'cät').toString('hex'), '69 01020304 63c3a474'.replaceAll(' ', ''))
  t.is(idOfJoinKey(encodeJoinKey(1, 'cät')), 'cät')
  const row = encodeJoinRecord({
    partition: 5,
    state: 'live',
    at: 0x10,
    bornAt: 0x0e,
    goneSource: undefined,
    codes: [
      { kind: 'coded', tables: 1, itemOffset: 0x0f, ordinal: 9, code: Uint8Array.of(0xaa, 0xbb), detailed: true },
      { kind: 'waiting', tables: 2, itemOffset: 0x11, code: Uint8Array.of(0xcc, 0xdd), detail: Uint8Array.of(0xee) },
      { kind: 'refused', tables: 3, itemOffset: 0x10, refused: 'HAMMINGBIRD_BUSY' }
    ],
    labels: encodeLabels(['cat']),
    item: Buffer.of(0xf0, 0xf1),
    picture: true
  })
  t.is(row.toString('hex'), [
    '01 0d 0005 000000000010 00000000000e 03',
    '00000001 00000000000f 01 00000009 02 aabb',
    '00000002 000000000011 02 02 ccdd 01 ee',
    `00000003 000000000010 03 10 ${Buffer.from('HAMMINGBIRD_BUSY').toString('hex')}`,
    '00000005 01 03 636174',
    'f0f1'
  ].join('').replaceAll(' ', ''))
})

test('label key: the id comes back, a label is no other one\'s beginning, and long ones fit', t => {
  const label = fc.oneof(text, fc.constantFrom('', 'a', 'a\0', 'x'.repeat(255), 'x'.repeat(256), 'ä'.repeat(40_000)))
  fc.assert(fc.property(u32, label, label, text, (collection, label, other, id) => {
    const key = encodeLabelKey(collection, label, id)
    t.is(idOfLabelKey(key), id)
    t.is(key.subarray(0, labelPrefix(collection, other).length).equals(labelPrefix(collection, other)), label === other)
  }))
  t.is(encodeLabelKey(0x01020304, 'cat', 'id').toString('hex'), '6c 01020304 0003 636174 6964'.replaceAll(' ', ''))
})

test('progress and position rows: decoding undoes encoding', t => {
  fc.assert(fc.property(u32, u32, u16, u32, u48, u48, text, (collection, tables, partition, sourcePartition, next, ms, topic) => {
    t.deepEqual(decodeProgressKey(encodeProgressKey(collection, { tables, partition, sourcePartition })), { tables, partition, sourcePartition })
    t.deepEqual(decodeProgress(encodeProgress({ next, publishedAtMs: ms })), { next, publishedAtMs: ms })
    t.deepEqual(decodePositionKey(encodePositionKey(collection, topic, partition)), { topic, partition })
    t.deepEqual(decodePosition(encodePosition({ next, atMs: ms })), { next, atMs: ms })
  }))
})

test('set-aside rows: decoding undoes encoding, and the newest key is first', t => {
  const entry = fc.record({ partition: u16, offset: u48, id: text, code: text, message: text, stage: text, sourceTopic: text, sourcePartition: u32, sourceOffset: u48, atMs: timeMs, imageBytes: u32 })
  fc.assert(fc.property(entry, entry, (a, b) => {
    t.deepEqual(decodeSetAside(encodeSetAside(a)), a)
    const order = Buffer.compare(encodeSetAsideKey(1, a), encodeSetAsideKey(1, b))
    t.is(order, a.offset > b.offset ? -1 : a.offset < b.offset ? 1 : Math.sign(a.partition - b.partition) as -1 | 0 | 1)
  }))
})
