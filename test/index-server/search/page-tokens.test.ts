import test from 'ava'
import fc from 'fast-check'
import { codeOf } from '../../../errors.js'
import type { Subject } from '../../../index-server/search/image-query.js'
import { nameOfSubject } from '../../../index-server/search/kept-subjects.js'
import { PageTokens, type Cursor } from '../../../index-server/search/page-tokens.js'

const subject: Subject = { code: Uint8Array.of(1, 2), outputs: Float32Array.of(0.1, -3, 0), detail: Uint8Array.of(255, 0), ordinal: 7 }
const cursor: Omit<Cursor, 'subjectName'> = {
  version: 'v1',
  store: 'abcdefgh',
  sequence: 7,
  digest: 'digest-of-15-bytes--',
  returned: 3,
  place: { distance: 2, asymmetric: 0.1 + 0.2, offset: Number.MAX_SAFE_INTEGER, partition: 3, apart: Infinity, floor: { offset: 2 ** 47, partition: 1 } }
}

const base64url = (bytes: number): fc.Arbitrary<string> => fc.uint8Array({ minLength: bytes, maxLength: bytes }).map(some => Buffer.from(some).toString('base64url'))
const integer = fc.maxSafeNat()
const fraction = fc.double({ noNaN: true })
const u32 = fc.nat(2 ** 32 - 1)

test('page tokens: a cursor comes back as it was, in less than 200 characters', t => {
  const tokens = new PageTokens()
  fc.assert(fc.property(fc.record({
    version: fc.nat(999_999_999).map(n => `v${n}`),
    store: base64url(6),
    sequence: integer,
    digest: base64url(15),
    returned: u32,
    place: fc.record({ distance: fc.nat(1024), asymmetric: fraction, offset: integer, partition: u32, apart: fraction, floor: fc.option(fc.record({ offset: integer, partition: u32 }), { nil: undefined }) })
  }), cursor => {
    const token = tokens.write(subject, cursor)
    t.deepEqual(tokens.read(token), { ...cursor, subjectName: nameOfSubject(subject) })
    t.true(token.length < 200)
  }))
  const wide = { code: new Uint8Array(128), outputs: new Float32Array(1024), detail: new Uint8Array(64), ordinal: 1 }
  t.true(tokens.write(wide, cursor).length < 200)
})

test('page tokens: what is searched for is kept exactly, and is its own', t => {
  const tokens = new PageTokens()
  const [code, outputs] = [Uint8Array.of(1, 2), Float32Array.of(0.1, -3, 0)]
  const read = tokens.read(tokens.write({ code, outputs }, cursor))
  code[0] = 9
  outputs[0] = 9
  const name = nameOfSubject({ code: Uint8Array.of(1, 2), outputs: Float32Array.of(0.1, -3, 0) })
  const kept = tokens.subject(read)!
  t.deepEqual([Array.from(kept.code), Array.from(kept.outputs!), Object.keys(kept)], [[1, 2], [Math.fround(0.1), -3, 0], ['code', 'outputs']])
  t.deepEqual([read.subjectName, nameOfSubject(kept), nameOfSubject({ ...kept })], [name, name, name])
  const subjects: Subject[] = [subject, { ...subject, ordinal: 8 }, { code: subject.code }, { code: Uint8Array.of(1, 2, 255, 0) }, { code: subject.code, detail: subject.detail! }]
  t.is(new Set(subjects.map(nameOfSubject)).size, subjects.length)
})

test('page tokens: what is searched for is gone through once to name it, however many pages there are', t => {
  let looks = 0
  const subject: Subject = { get code () { looks++; return Uint8Array.of(1, 2) } }
  const tokens = new PageTokens()
  tokens.write(subject, cursor)
  const once = looks
  for (let page = 0; page < 5; page++) tokens.read(tokens.write(subject, cursor))
  nameOfSubject(subject)
  t.true(once > 0)
  t.is(looks, once)
})

test('page tokens: what is searched for makes room for newer, and goes when its tokens are too old', t => {
  let nowMs = 0
  const tokens = new PageTokens({ keptBytes: 2000, now: () => nowMs })
  const written = Array.from({ length: 10 }, (_, i) => tokens.read(tokens.write({ code: Uint8Array.of(i) }, cursor)))
  t.deepEqual(written.map(read => tokens.subject(read)?.code[0]), [undefined, undefined, undefined, undefined, undefined, undefined, undefined, 7, 8, 9])
  nowMs = 30_000
  tokens.write({ code: Uint8Array.of(7) }, cursor)
  nowMs = 60_000
  tokens.write({ code: Uint8Array.of(1) }, cursor)
  t.deepEqual(written.map(read => tokens.subject(read)?.code[0]), [undefined, 1, undefined, undefined, undefined, undefined, undefined, 7, undefined, undefined])
})

test('page tokens: what is no token, or was changed anywhere, is refused', t => {
  const tokens = new PageTokens()
  const token = tokens.write(subject, cursor)
  const bytes = Buffer.from(token, 'base64url')
  const bad = ['', '.', 'x', 'x.y', `${token}.`, `${token}A`, token.slice(1), token.slice(0, -1), token.slice(0, -4), `${token}\n`, `${token.slice(0, -1)}=`, Buffer.from('[]').toString('base64url'), Buffer.alloc(200).toString('base64url'), Buffer.alloc(200, 1).toString('base64url').slice(0, 20)]
  for (const text of bad) t.is(codeOf(t.throws(() => tokens.read(text), undefined, JSON.stringify(text))), 'HAMMINGBIRD_INVALID')
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    const ofTheEpoch = bit >> 3 > 16 && bit >> 3 <= 22
    t.is(codeOf(t.throws(() => tokens.read(changed.toString('base64url')), undefined, `bit ${bit}`)), ofTheEpoch ? 'HAMMINGBIRD_PAGE_EXPIRED' : 'HAMMINGBIRD_INVALID')
  }
})

test('page tokens: one of a release that wrote them as JSON is refused', t => {
  const former = Buffer.from(JSON.stringify({ epoch: 'abc', untilMs: 1, version: 'v1', place: { distance: 2, asymmetric: 0, offset: 5, partition: 0, apart: 0 } })).toString('base64url')
  for (const token of [former, `${former}.${Buffer.alloc(32).toString('base64url')}`]) t.is(codeOf(t.throws(() => new PageTokens().read(token))), 'HAMMINGBIRD_INVALID')
})

test('page tokens: live for a minute, and not in another process', t => {
  let nowMs = 0
  const tokens = new PageTokens({ now: () => nowMs })
  const token = tokens.write(subject, cursor)
  nowMs = 59_999
  t.is(tokens.read(token).returned, 3)
  nowMs = 60_000
  t.is(codeOf(t.throws(() => tokens.read(token))), 'HAMMINGBIRD_PAGE_EXPIRED')
  t.is(codeOf(t.throws(() => new PageTokens().read(tokens.write(subject, cursor)))), 'HAMMINGBIRD_PAGE_EXPIRED')
})
