import test from 'ava'
import { codeOf } from '../../../errors.js'
import { PageTokens, type Cursor } from '../../../index-server/search/page-tokens.js'

const cursor: Cursor = {
  version: 'v1',
  store: 'abc',
  sequence: 7,
  subject: { code: Uint8Array.of(1, 2), outputs: Float32Array.of(0.1, -3, 0), detail: Uint8Array.of(255, 0) },
  digest: 'digest',
  returned: 3,
  place: { distance: 2, asymmetric: 0.1 + 0.2, offset: 2 ** 47, partition: 3, apart: Infinity, floor: { offset: 5, partition: 1 } }
}

test('page tokens: a cursor comes back as it was', t => {
  const tokens = new PageTokens()
  const { subject, ...rest } = tokens.read(tokens.write(cursor))
  t.deepEqual(rest, { version: 'v1', store: 'abc', sequence: 7, digest: 'digest', returned: 3, place: { distance: 2, asymmetric: 0.1 + 0.2, offset: 2 ** 47, partition: 3, apart: Infinity, floor: { offset: 5, partition: 1 } } })
  t.deepEqual(Uint8Array.from(subject.code), Uint8Array.of(1, 2))
  t.deepEqual(Array.from(subject.outputs!), Array.from(Float32Array.of(0.1, -3, 0)))
  t.deepEqual(Uint8Array.from(subject.detail!), Uint8Array.of(255, 0))
  const bare = tokens.read(tokens.write({ ...cursor, subject: { code: Uint8Array.of(9, 9) } }))
  t.deepEqual(Object.keys(bare.subject), ['code'])
})

test('page tokens: what is no token, or was changed, is refused', t => {
  const tokens = new PageTokens()
  const token = tokens.write(cursor)
  const [body, signature] = token.split('.') as [string, string]
  const forged = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>
  const other = Buffer.from(JSON.stringify({ ...forged, returned: 0 })).toString('base64url')
  const former = Buffer.from(JSON.stringify({ ...forged, place: [2, 0.1, 5] })).toString('base64url')
  for (const bad of [`${former}.${signature}`, '', '.', 'x', 'x.y', body, `${body}.`, `${body}.${signature.slice(1)}`, `${other}.${signature}`, Buffer.from('[]').toString('base64url'), Buffer.from('null').toString('base64url')]) {
    t.is(codeOf(t.throws(() => tokens.read(bad), undefined, JSON.stringify(bad))), 'HAMMINGBIRD_INVALID')
  }
})

test('page tokens: one of a release that wrote places otherwise is refused, also of a process that has ended', t => {
  const [body = '', signature = ''] = new PageTokens().write(cursor).split('.')
  const written = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>
  const former = Buffer.from(JSON.stringify({ ...written, place: [2, 0.1, 5] })).toString('base64url')
  t.is(codeOf(t.throws(() => new PageTokens().read(`${former}.${signature}`))), 'HAMMINGBIRD_INVALID')
})

test('page tokens: live for a minute, and not in another process', t => {
  let nowMs = 0
  const tokens = new PageTokens({ now: () => nowMs })
  const token = tokens.write(cursor)
  nowMs = 59_999
  t.is(tokens.read(token).returned, 3)
  nowMs = 60_000
  t.is(codeOf(t.throws(() => tokens.read(token))), 'HAMMINGBIRD_PAGE_EXPIRED')
  t.is(codeOf(t.throws(() => new PageTokens().read(tokens.write(cursor)))), 'HAMMINGBIRD_PAGE_EXPIRED')
})
