import test from 'ava'
import fc from 'fast-check'
import { AcceptSetBuilder } from '../../../index-server/store/accept-set.js'
import { accepting, type AcceptSet } from '../../../index-server/store/code-store.js'

const ordinals = fc.array(fc.oneof(fc.nat(100), fc.nat(100_000)), { maxLength: 20 })

test('accept set: has what was added, and what it began from is as it was', t => {
  fc.assert(fc.property(ordinals, ordinals, (before, more) => {
    const from = setOf(before)
    const words = from.bitmap.slice()
    const set = setOf(more, from)
    t.deepEqual(from.bitmap, words)
    const has = accepting(set)!
    for (const ordinal of [...before, ...more, ...before.map(ordinal => ordinal + 1)]) t.is(has(ordinal), before.includes(ordinal) || more.includes(ordinal))
  }))
})

test('accept set: what it began from is copied only where an ordinal is not in it', t => {
  const from = setOf([3, 70_000])
  t.is(setOf([70_000, 3], from).bitmap, from.bitmap)
  t.not(setOf([70_000, 4, 3], from).bitmap, from.bitmap)
})

function setOf (ordinals: readonly number[], from?: AcceptSet): AcceptSet {
  const builder = new AcceptSetBuilder(from)
  for (const ordinal of ordinals) builder.add(ordinal)
  return builder.set()
}
