import assert from 'node:assert/strict'
import test from 'ava'
import fc from 'fast-check'
import { hammingDistance } from '../../../../hamming/distance.js'
import type { CodeAnswer, CodeQuery } from '../../../../index-server/store/code-store.js'
import { HotCodeStore } from '../../../../index-server/store/hot-tier/hot-code-store.js'
import { Threads } from '../../../../index-server/store/hot-tier/threads.js'

const threads = Threads.open(2)
test.after.always(() => threads.close())

/** Every number of words, ends of words and what lies beside them. */
const widths = [16, 24, 56, 64, 72, 96, 128, 136, 192, 256, 512, 1024]

interface Living { readonly ordinal: number, readonly code: Uint8Array }

/** Codes of a width: from few values, so that many are equal; near one another; or any. */
const codesOf = (bits: number, maxLength: number) => fc.integer({ min: 0, max: 2 }).chain(kind => {
  const any = fc.uint8Array({ minLength: bits / 8, maxLength: bits / 8 })
  if (kind === 0) return fc.array(any, { maxLength })
  return fc.tuple(fc.array(any, { minLength: 1, maxLength: 3 }), fc.array(fc.tuple(fc.nat(), fc.array(fc.nat(bits - 1), { maxLength: kind === 1 ? 1 : 6 })), { maxLength }))
    .map(([centres, picks]) => picks.map(([centre, flips]) => {
      const code = centres[centre % centres.length]!.slice()
      for (const bit of flips) code[bit >> 3]! ^= 0x80 >> (bit & 7)
      return code
    }))
})

const cases = fc.constantFrom(...widths).chain(bits => fc.record({
  bits: fc.constant(bits),
  codes: codesOf(bits, 60),
  query: fc.uint8Array({ minLength: bits / 8, maxLength: bits / 8 }),
  near: fc.option(fc.tuple(fc.nat(), fc.nat(bits - 1))),
  k: fc.option(fc.constantFrom(1, 2, 5, 20, 1000), { nil: undefined }),
  radius: fc.option(fc.constantFrom(0, 1, 3, Math.floor(bits / 4), bits, bits + 7), { nil: undefined }),
  plan: fc.constantFrom(undefined, 'probe', 'scan'),
  removed: fc.array(fc.nat(59), { maxLength: 20 }),
  compactAt: fc.array(fc.nat(60), { maxLength: 3 }),
  accept: fc.constantFrom('all', 'set', 'none')
}))

test('hot tier: finds what a scan of everything finds, whatever has been merged, removed or filtered out', async t => {
  await fc.assert(fc.asyncProperty(cases, async ({ bits, codes, query: any, near, k, radius, plan, removed, compactAt, accept }) => {
    await using store = await HotCodeStore.open({ bits, threads })
    const living: Living[] = []
    for (const [ordinal, code] of codes.entries()) {
      store.apply([{ kind: 'add', ordinal, code }])
      living.push({ ordinal, code })
      const gone = removed[ordinal]
      const at = living.findIndex(one => one.ordinal === gone)
      if (at >= 0) store.apply([{ kind: 'remove', ...living.splice(at, 1)[0]! }])
      if (compactAt.includes(ordinal)) await store.compact()
    }
    const query = any.slice()
    if (near !== null && codes.length > 0) {
      query.set(codes[near[0] % codes.length]!)
      query[near[1] >> 3]! ^= 0x80 >> (near[1] & 7)
    }
    const filter = { all: {}, none: { accept: { bitmap: new Uint32Array(0) } }, set: { accept: { bitmap: Uint32Array.of(0xb6db6db6) } } }[accept]
    const kept = living.filter(({ ordinal }) => accept === 'all' || (accept !== 'none' && ordinal % 3 > 0 && ordinal < 32))
    const asked = { code: query, ...(k === undefined ? {} : { k }), ...(radius === undefined && k !== undefined ? {} : { radius: radius ?? 8 }), ...(plan === undefined ? {} : { plan }), ...filter } satisfies CodeQuery
    assert.equal(store.count, living.length)
    assertExact(await store.search(asked), kept, asked)
  }), { numRuns: 300 })
  t.pass()
})

/** What every answer must be: complete within what it says it covers, and that far enough. */
function assertExact (answer: CodeAnswer, living: readonly Living[], { code, k, radius }: CodeQuery): void {
  const bits = code.length * 8
  const byDistance = living.map(one => ({ ...one, distance: hammingDistance(one.code, code) })).sort((a, b) => a.distance - b.distance)
  const reach = Math.min(radius ?? bits, bits, k === undefined ? bits : byDistance[k - 1]?.distance ?? bits)
  assert.deepEqual(answer.radiusCovered, reach, 'radius covered')
  const expected = new Map<string, { distance: number, ordinals: number[] }>()
  for (const one of byDistance.filter(({ distance }) => distance <= reach)) {
    const key = one.code.join()
    if (!expected.has(key)) expected.set(key, { distance: one.distance, ordinals: [] })
    expected.get(key)!.ordinals.push(one.ordinal)
  }
  for (const { ordinals } of expected.values()) ordinals.sort((a, b) => a - b)
  const found = new Map(answer.groups.map(group => [group.code.join(), { distance: group.distance, ordinals: Array.from(group.ordinals).sort((a, b) => a - b) }]))
  assert.deepEqual(found.size, answer.groups.length, 'each code once')
  assert.deepEqual([...found].sort(byKey), [...expected].sort(byKey))
  assert.deepEqual(answer.groups.map(({ distance }) => distance), answer.groups.map(({ distance }) => distance).sort((a, b) => a - b), 'in order')
}

function byKey (a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1
}
