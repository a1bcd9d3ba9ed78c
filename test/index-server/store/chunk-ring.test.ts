import test from 'ava'
import fc from 'fast-check'
import { chunkRing, ringSize } from '../../../index-server/store/chunk-ring.js'
import { popcount } from '../../../index-server/store/popcount.js'

test('chunk ring: has every value at that distance once, and no other', t => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 12 }).chain(width => fc.tuple(fc.constant(width), fc.nat(2 ** width - 1), fc.integer({ min: 0, max: width + 1 }))), ([width, chunk, distance]) => {
    const ring = [...chunkRing(chunk, width, distance)]
    const expected = Array.from({ length: 2 ** width }, (_, value) => value).filter(value => onesOf(value ^ chunk) === distance)
    t.deepEqual(ring.sort((a, b) => a - b), expected)
    t.is(ringSize(width, distance), expected.length)
  }))
})

test('chunk ring: the widest chunk there is', t => {
  const ring = [...chunkRing(2 ** 30 - 1, 30, 2)]
  t.is(ring.length, 435)
  t.is(ringSize(30, 2), 435)
  t.true(ring.every(value => value >= 0 && value < 2 ** 30 && onesOf(value) === 28))
  t.is(ringSize(30, 15), 155_117_520)
})

test('popcount: counts ones', t => {
  fc.assert(fc.property(fc.integer(), word => {
    t.is(popcount(word), onesOf(word >>> 0))
  }))
})

function onesOf (word: number): number {
  return word.toString(2).replaceAll('0', '').length
}
