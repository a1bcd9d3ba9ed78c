import test from 'ava'
import fc from 'fast-check'
import { HammingbirdError } from '../../errors.js'
import { readImageHeaders, writeImageHeaders, RESERVED_HEADERS } from '../../topics/image-headers.js'
import { idOfBytes, imageIdOf } from '../../topics/image-id.js'
import { itemTombstone, tombstoneSource } from '../../topics/item-tombstone.js'
import { isProgress, progressRecord, readProgress } from '../../topics/progress.js'
import { movedSource, originalHeaders, readSetAside, setAsideRecord } from '../../topics/set-aside.js'

test('image headers: what is written is read back', t => {
  const word = fc.string({ minLength: 1, unit: 'grapheme' }).filter(text => text.trim() === text)
  const name = word.filter(text => !RESERVED_HEADERS.includes(text) && text !== '__proto__')
  fc.assert(fc.property(
    fc.record({
      labels: fc.uniqueArray(word),
      metadata: fc.dictionary(name, fc.string({ unit: 'grapheme' }), { noNullPrototype: true }),
      uri: fc.webUrl(),
      capturedAtMs: fc.option(fc.integer({ min: 0, max: 4e12 }), { nil: undefined })
    }),
    facts => { t.deepEqual(readImageHeaders(writeImageHeaders(facts)), facts) }
  ))
})

test('image headers: what a person types on a command line is read', t => {
  const read = (headers: Record<string, string>) => readImageHeaders(Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])))
  t.deepEqual(read({ labels: 'cat, dog,,cat' }).labels, ['cat', 'dog'])
  t.deepEqual(read({ labels: '["a,b"]' }).labels, ['a,b'])
  t.deepEqual(read({ labels: '[draft' }).labels, ['[draft'])
  t.is(read({ 'captured-at': '2026-01-02T03:04:05Z' }).capturedAtMs, Date.UTC(2026, 0, 2, 3, 4, 5))
  t.is(read({ 'captured-at': '1000' }).capturedAtMs, 1000)
  t.deepEqual(read({ 'captured-at': 'yesterday' }), { labels: [], metadata: { 'captured-at': 'yesterday' }, uri: '', capturedAtMs: undefined })
})

test('image id: UTF-8, 1 to 512 bytes, no control characters', t => {
  for (const good of ['a', 'folder/cat 1.jpg', 'x'.repeat(512), 'çà🐦']) t.is(imageIdOf(Buffer.from(good)), good)
  for (const bad of [Buffer.alloc(0), Buffer.from('x'.repeat(513)), Buffer.from('a\nb'), Buffer.from([0xff, 0xfe]), Buffer.from('\u0000progress/0'), Buffer.from('a\u0085')]) {
    const err = t.throws(() => imageIdOf(bad), { instanceOf: HammingbirdError })
    t.is(err.code, 'HAMMINGBIRD_IMAGE_ID')
  }
  t.is(idOfBytes(Buffer.from('abc')), 'sha256-ba7816bf8f01cfea414140de5dae2223')
})

test('progress: a record of it is told from items by its key, whatever the id', t => {
  const progress = { sourcePartition: 3, next: 2 ** 40, publishedAtMs: 1_700_000_000_000 }
  const record = progressRecord('c.items', 1, progress)
  t.true(isProgress(record.key))
  t.deepEqual(readProgress(record.value!), progress)
  fc.assert(fc.property(fc.string({ minLength: 1, maxLength: 40 }), text => {
    try {
      imageIdOf(Buffer.from(text))
    } catch {
      return
    }
    t.false(isProgress(Buffer.from(text)))
  }))
})

test('set aside: the message can be given back as it was, and says why', t => {
  const record = { topic: 'c.images', partition: 2, offset: 7, key: Buffer.from('id'), value: Buffer.from('bytes'), headers: { labels: Buffer.from('a') }, timestampMs: 5 }
  const aside = setAsideRecord('c.set-aside', record, { code: 'HAMMINGBIRD_IMAGE_UNREADABLE', message: 'no image', stage: 'ingest' })
  t.is(aside.key, record.key)
  t.is(aside.value, record.value)
  t.deepEqual(originalHeaders(aside.headers!), record.headers)
  t.deepEqual(readSetAside(aside.headers!), { code: 'HAMMINGBIRD_IMAGE_UNREADABLE', message: 'no image', stage: 'ingest', source: { topic: 'c.images', partition: 2, offset: 7 } })
  const moved = movedSource(aside.headers!, -1)
  t.deepEqual(readSetAside(moved).source, { topic: 'c.images', partition: 2, offset: -1 })
  t.deepEqual(originalHeaders(moved), record.headers)
  t.is(aside.headers!['__streams.errors.exception']!.toString(), 'HAMMINGBIRD_IMAGE_UNREADABLE')
})

test('item tombstone: says which message deleted the image', t => {
  const record = itemTombstone('c.items', Buffer.from('id'), { partition: 1, offset: 9 })
  t.is(record.value, null)
  t.deepEqual(tombstoneSource(record.headers!), { partition: 1, offset: 9 })
  t.is(tombstoneSource({}), undefined)
})
