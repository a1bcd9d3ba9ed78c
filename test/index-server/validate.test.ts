import test from 'ava'
import fc from 'fast-check'
import { codeOf, HammingbirdError } from '../../errors.js'
import * as validate from '../../index-server/validate.js'
import { SearchRequest } from '../../proto/gen/hammingbird/v1/search.js'

const text = fc.string({ unit: 'binary', maxLength: 700 })
const control = fc.constantFrom('\0', '\n', '\u001b', '\u007f', '\u0085', '\ud800')

test('validate: whatever is given, it is either given back or refused by name', t => {
  fc.assert(fc.property(text, fc.array(text), fc.dictionary(text, text), fc.double(), (value, values, fields, number) => {
    const checks: Record<string, () => unknown> = {
      collection: () => validate.collectionName(value),
      id: () => validate.imageId(value),
      version: () => validate.versionName(value),
      labels: () => validate.labels(values),
      metadata: () => validate.metadata(fields),
      uri: () => validate.uri(value),
      captured_at: () => validate.timestamp(new Date(number), 'captured_at'),
      page_size: () => validate.pageSize(number),
      radius: () => validate.radius(number, 64),
      ids: () => validate.imageIds(values),
      bits: () => validate.bitsOf(number)
    }
    for (const [field, check] of Object.entries(checks)) {
      try {
        check()
      } catch (err) {
        t.true(err instanceof HammingbirdError, `${field}: ${String(err)}`)
        const { violations, message } = err as HammingbirdError
        t.is(violations.length, 1)
        t.true(violations[0]!.field.startsWith(field))
        t.true(message.startsWith(field))
        t.false(/\p{Cc}/u.test(violations[0]!.description), 'a message can be printed')
        t.true(message.length < 500)
      }
    }
  }))
})

test('imageId: 1 to 512 bytes without control characters, and nothing else', t => {
  fc.assert(fc.property(text, id => {
    const points = [...id].map(character => character.codePointAt(0)!)
    const isControl = (point: number) => point < 0x20 || (point >= 0x7f && point < 0xa0)
    const isHalf = (point: number) => point >= 0xd800 && point < 0xe000
    const right = Buffer.byteLength(id) >= 1 && Buffer.byteLength(id) <= 512 && !points.some(point => isControl(point) || isHalf(point))
    if (right) t.is(validate.imageId(id), id)
    else t.is(codeOf(t.throws(() => validate.imageId(id))), 'HAMMINGBIRD_IMAGE_ID')
  }))
  fc.assert(fc.property(fc.string(), control, fc.string(), (before, bad, after) => {
    t.throws(() => validate.imageId(before + bad + after))
  }))
  t.is(validate.imageId('é'.repeat(256)), 'é'.repeat(256))
  t.throws(() => validate.imageId('é'.repeat(256) + 'x'))
})

test('collectionName: as the API says', t => {
  t.is(validate.collectionName(''), 'default')
  fc.assert(fc.property(fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/), name => validate.collectionName(name) === name))
  for (const name of ['-a', 'A', 'a_b', 'a.b', '..', 'a/b', 'a'.repeat(64), 'a\n', 'ä']) t.is(codeOf(t.throws(() => validate.collectionName(name))), 'HAMMINGBIRD_INVALID', name)
})

test('versionName: a version or an alias, live when empty', t => {
  t.is(validate.versionName(''), 'live')
  for (const name of ['v0', 'v123456789', 'live', 'previous', 'shadow']) t.is(validate.versionName(name), name)
  for (const name of ['v', '7', 'V7', 'v1234567890', 'v7 ', 'Live', '../v7']) t.throws(() => validate.versionName(name), undefined, name)
})

test('labels: at most 100 of 256 bytes, each once', t => {
  t.deepEqual(validate.labels(['b', 'a', 'b']), ['b', 'a'])
  t.deepEqual(validate.labels([]), [])
  t.like(t.throws(() => validate.labels(['ok', ''])), { violations: [{ field: 'labels[1]' }] } as object)
  t.throws(() => validate.labels(Array.from({ length: 101 }, (_, i) => String(i))))
  t.notThrows(() => validate.labels(['x'.repeat(256)]))
  t.throws(() => validate.labels(['x'.repeat(257)]))
  fc.assert(fc.property(control, bad => { t.throws(() => validate.labels([`a${bad}`])) }))
})

test('metadata: bounded, with printable names that are not taken', t => {
  const fields = { camera: 'x\n\ty', lens: '' }
  t.is(validate.metadata(fields), fields)
  for (const name of ['labels', 'uri', 'captured-at', '', 'a\nb', 'n'.repeat(129)]) t.throws(() => validate.metadata({ [name]: 'x' }), undefined, name)
  t.throws(() => validate.metadata({ a: 'x'.repeat(16 * 1024) }))
  t.throws(() => validate.metadata(Object.fromEntries(Array.from({ length: 65 }, (_, i) => [i, '']))))
})

test('timestamp: what a protobuf timestamp can say', t => {
  t.is(validate.timestamp(undefined, 'x'), undefined)
  t.is(validate.timestamp(new Date('1969-07-20T20:17:40Z'), 'x'), Date.parse('1969-07-20T20:17:40Z'))
  for (const date of [new Date(NaN), new Date('+010000-01-01T00:00:00Z'), new Date('0000-12-31T23:59:59Z')]) t.throws(() => validate.timestamp(date, 'x'))
})

test('pageSize, radius, bits, code: their bounds and no further', t => {
  t.is(validate.pageSize(0), 1000)
  t.is(validate.pageSize(0, 100, 1000), 100)
  t.is(validate.pageSize(1000, 100, 1000), 1000)
  t.throws(() => validate.pageSize(1001, 100, 1000))
  t.is(validate.radius(0, 64), 0)
  t.is(validate.radius(64, 64), 64)
  t.throws(() => validate.radius(65, 64))
  for (const bits of [16, 24, 64, 1024]) t.is(validate.bitsOf(bits), bits)
  for (const bits of [0, 8, 17, 1032, NaN]) t.throws(() => validate.bitsOf(bits))
  t.is(codeOf(t.throws(() => validate.codeWidth(new Uint8Array(8), 128))), 'HAMMINGBIRD_CODE_WIDTH')
})

test('imageBytes: not none, not too many', t => {
  t.is(codeOf(t.throws(() => validate.imageBytes(new Uint8Array(0)))), 'HAMMINGBIRD_INVALID')
  t.is(codeOf(t.throws(() => validate.imageBytes(new Uint8Array(11), 10))), 'HAMMINGBIRD_IMAGE_TOO_LARGE')
})

test('positions: of the images topic, or of none named', t => {
  const position = { topic: 'c.images', partition: 0, offset: 7 }
  t.deepEqual(validate.positions([position, { ...position, topic: '' }], 'c.images').length, 2)
  t.like(t.throws(() => validate.positions([position], 'other.images')), { violations: [{ field: 'min_position[0].topic' }] } as object)
})

test('imageIds: 1 to 10,000', t => {
  t.throws(() => validate.imageIds([]))
  t.notThrows(() => validate.imageIds(Array.from({ length: 10_000 }, (_, i) => String(i))))
  t.throws(() => validate.imageIds(Array.from({ length: 10_001 }, (_, i) => String(i))))
  t.like(t.throws(() => validate.imageIds(['a', 'b\n'])), { violations: [{ field: 'ids[1]' }] } as object)
})

test('searchRequest: k is 10 unless a radius or a k is given', t => {
  const search = (partial: Parameters<typeof SearchRequest.fromPartial>[0]) => validate.searchRequest(SearchRequest.fromPartial({ query: { $case: 'id', value: 'a' }, ...partial }))
  t.is(search({}).k, 10)
  t.is(search({ radius: 0 }).k, undefined)
  t.is(search({ countOnly: true }).k, undefined)
  t.is(search({ radius: 3, k: 7 }).k, 7)
  t.is(search({ k: 4_000_000_000 }).k, 4_000_000_000)
  t.is(search({}).pageSize, 1000)
})

test('searchRequest: says which part is wrong', t => {
  const date = new Date('2026-01-01')
  const wrong: [string, Parameters<typeof SearchRequest.fromPartial>[0]][] = [
    ['query', {}],
    ['image', { query: { $case: 'image', value: Buffer.alloc(0) } }],
    ['id', { query: { $case: 'id', value: '' } }],
    ['code (bits)', { query: { $case: 'code', value: Buffer.alloc(1) } }],
    ['collection', { query: { $case: 'id', value: 'a' }, collection: 'No' }],
    ['version', { query: { $case: 'id', value: 'a' }, version: 'newest' }],
    ['radius', { query: { $case: 'id', value: 'a' }, radius: 1025 }],
    ['page_size', { query: { $case: 'id', value: 'a' }, pageSize: 10_001 }],
    ['filter.no_labels[0]', { query: { $case: 'id', value: 'a' }, filter: { noLabels: ['\n'] } }],
    ['filter.captured_before', { query: { $case: 'id', value: 'a' }, filter: { capturedFrom: date, capturedBefore: date } }],
    ['filter.metadata[0]', { query: { $case: 'id', value: 'a' }, filter: { metadata: [{ field: 'camera' }] } }],
    ['filter.metadata[0].field["uri"]', { query: { $case: 'id', value: 'a' }, filter: { metadata: [{ field: 'uri', equals: '' }] } }]
  ]
  for (const [field, partial] of wrong) {
    const err = t.throws(() => validate.searchRequest(SearchRequest.fromPartial(partial)), { instanceOf: HammingbirdError }, field) as HammingbirdError
    t.is(err.violations[0]!.field, field)
  }
})
