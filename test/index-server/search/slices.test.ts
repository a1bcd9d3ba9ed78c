import { setImmediate } from 'node:timers/promises'
import test from 'ava'
import fc from 'fast-check'
import { STEPS_AT_ONCE, counting } from '../../../index-server/breathing.js'
import { levelsByDistance, levelsOf } from '../../../index-server/search/levels.js'
import { matchesOf } from '../../../index-server/search/matches.js'
import type { Tie } from '../../../index-server/search/total-order.js'
import { sorted } from '../../../index-server/sorted.js'
import type { CollectionStore, StoredItem } from '../../../index-server/store/collection-store.js'

const subject = { code: new Uint8Array(2), outputs: Float32Array.from({ length: 16 }, (_, i) => i - 8) }

test('counting: it is time to breathe after each so many steps, whatever each of them weighs', t => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 2 * STEPS_AT_ONCE }), { maxLength: 50 }), weights => {
    const isTime = counting()
    let gone = 0
    for (const weight of weights) {
      gone += weight
      t.is(isTime(weight), gone >= STEPS_AT_ONCE)
      if (gone >= STEPS_AT_ONCE) gone = 0
    }
  }))
  const isTime = counting()
  t.is(Array.from({ length: 3 * STEPS_AT_ONCE }, () => isTime()).filter(Boolean).length, 3)
})

test('sorted: in the order that sort has, equals as they came, with a pause for each piece', async t => {
  await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: 5 * STEPS_AT_ONCE }), fc.integer({ min: 1, max: 1000 }), async (length, kinds) => {
    const items = Array.from({ length }, (_, at) => ({ key: Math.imul(at, 0x9e3779b1) >>> 8, at })).map(({ key, at }) => ({ key: key % kinds, at }))
    const byKey = (a: { key: number }, b: { key: number }): number => a.key - b.key
    let pauses = 0
    const expected = [...items].sort(byKey)
    t.deepEqual(await sorted(items, byKey, async () => { pauses++ }), expected)
    t.true(pauses >= Math.floor(length / STEPS_AT_ONCE) - (length <= STEPS_AT_ONCE ? 1 : 0))
  }), { numRuns: 20 })
})

test('levels: a distance at a time is what all at once is, with a pause for each so many images', async t => {
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.nat(5), fc.uint8Array({ minLength: 2, maxLength: 2 }), fc.integer({ min: 1, max: 9000 })), { maxLength: 6 }), fc.boolean(), async (drawn, withOutputs) => {
    const groups = drawn.map(([distance, code, count], first) => ({ distance, code, ordinals: Array.from({ length: count }, (_, i) => first * 10_000 + i) })).sort((a, b) => a.distance - b.distance)
    const asked = withOutputs ? subject : { code: subject.code, outputs: undefined }
    const found = []
    let pauses = 0
    for await (const levels of levelsByDistance(groups, asked as typeof subject, async () => { pauses++ })) found.push(...levels)
    t.deepEqual(found, levelsOf(groups, asked as typeof subject))
    t.true(pauses >= Math.floor(drawn.reduce((sum, [, , count]) => sum + count, 0) / STEPS_AT_ONCE))
  }), { numRuns: 50 })
})

test('matches: images that are all at hand are looked up with the event loop going round between', async t => {
  const lookedUp: number[] = []
  let sinceTurn = 0
  const store = {
    itemsOf: async (_version: string, ordinals: readonly number[]) => {
      sinceTurn++
      const begun = performance.now()
      while (performance.now() - begun < 3) { /* longer than a spell */ }
      return ordinals.map((): StoredItem => ({ labels: ['x'], metadata: {} }) as unknown as StoredItem)
    }
  } as unknown as CollectionStore
  const tie: Tie = { distance: 0, asymmetric: 0, ordinals: Array.from({ length: 20_000 }, (_, i) => i), begun: 0, ranked: 0, floor: undefined }
  const state = { ended: false, found: 0 }
  const all = (async () => {
    async function * ties (): AsyncGenerator<readonly Tie[]> { yield [tie] }
    for await (const matches of matchesOf(store, 'v1', ties(), false, { anyLabels: ['x'] }, 1000, () => {})) state.found += matches.length
    state.ended = true
  })()
  while (!state.ended) {
    await setImmediate()
    lookedUp.push(sinceTurn)
    sinceTurn = 0
  }
  await all
  t.is(state.found, 20_000)
  t.true(Math.max(...lookedUp) <= 2, `${Math.max(...lookedUp)} look-ups in one turn`)
})
