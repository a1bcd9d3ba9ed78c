import test from 'ava'
import fc from 'fast-check'
import { readingPlan } from '../../index-server/append.js'
import { LagClock, isSettled } from '../../index-server/lag.js'
import type { PartitionProgress } from '../../index-server/store/collection-store.js'

const DAY_MS = 86_400_000
const topic = { name: 'c.items', partitions: 3, deleteRetentionMs: 7 * DAY_MS, cleanup: 'compact' as const }

function progressOf (rows: readonly (readonly (number | undefined)[])[]): ReadonlyMap<number, PartitionProgress> {
  return new Map(rows.map((row, partition) => [partition, new Map(row.flatMap((next, source) => next === undefined ? [] : [[source, { next, publishedAtMs: 0 }] as const]))]))
}

test('lag: the age of the oldest moment whose ends are not passed', t => {
  fc.assert(fc.property(
    fc.array(fc.record({ step: fc.nat(5), waitMs: fc.integer({ min: 1, max: 3000 }) }), { maxLength: 40 }), fc.nat(100), fc.nat(1000),
    (samples, settled, laterMs) => {
      const clock = new LagClock()
      let [end, atMs] = [0, 0]
      const moments = samples.map(({ step, waitMs }) => {
        end += step
        atMs += waitMs
        clock.sample([end], atMs)
        return { end, atMs }
      })
      const oldest = moments.find(({ end }) => end > settled)
      const progress = progressOf([[settled], [settled + 3]])
      const expected = oldest === undefined ? 0 : Math.max(1, atMs + laterMs - oldest.atMs) // 0 says that nothing is missing
      t.is(clock.lagMs(progress, 2, atMs + laterMs), expected)
      clock.forget([progress], 2)
      t.is(clock.lagMs(progress, 2, atMs + laterMs), expected, 'what is passed is not needed')
    }
  ))
})

test('lag: a message is settled when every items partition says so', t => {
  t.true(isSettled(0, 5, progressOf([[5], [7]]), 2))
  t.false(isSettled(0, 6, progressOf([[5], [7]]), 2))
  t.false(isSettled(1, 1, progressOf([[5], [7]]), 2))
  t.false(isSettled(0, 5, progressOf([[5]]), 2), 'a partition that has said nothing')
})

test('reading plan: reads on where it was, and begins what is new at the beginning', t => {
  const plan = readingPlan(topic, new Map([[0, { next: 7, atMs: 9 * DAY_MS }], [2, { next: 0, atMs: 9 * DAY_MS }]]), 10 * DAY_MS)
  t.deepEqual([...plan.from], [[0, 7], [1, 0], [2, 0]])
  t.deepEqual(plan.sweep, [])
})

test('reading plan: whoever was away for more than half of the retention of deletes sweeps', t => {
  const applied = new Map([[0, { next: 7, atMs: 0 }], [1, { next: 9, atMs: 4 * DAY_MS }]])
  t.deepEqual(readingPlan(topic, applied, 3.5 * DAY_MS).sweep, [])
  const plan = readingPlan(topic, applied, 3.5 * DAY_MS + 1)
  t.deepEqual(plan.sweep, [0])
  t.deepEqual([...plan.from], [[0, 0], [1, 9], [2, 0]])
  t.deepEqual(readingPlan({ ...topic, cleanup: 'delete' }, applied, 30 * DAY_MS).sweep, [], 'only what is compacted says all that lives')
})
