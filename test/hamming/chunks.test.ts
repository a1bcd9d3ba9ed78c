import test from 'ava'
import fc from 'fast-check'
import { chunkAt, chunking, suitableChunks } from '../../hamming/chunks.js'
import { bitAt, codeOfSigns } from '../../hamming/code.js'
import { asymmetricDistance, hammingDistance } from '../../hamming/distance.js'

const bits = fc.integer({ min: 2, max: 128 }).map(bytes => bytes * 8)
const codeOf = (width: number) => fc.uint8Array({ minLength: width / 8, maxLength: width / 8 })

test('chunks: read bit by bit they are the code', t => {
  fc.assert(fc.property(
    bits.chain(width => fc.tuple(codeOf(width), fc.integer({ min: Math.ceil(width / 30), max: Math.min(width, 64) }))),
    ([code, m]) => {
      const cut = chunking(code.length * 8, m)
      const read = cut.widths.flatMap((width, t) =>
        Array.from({ length: width }, (_, i) => Math.floor(chunkAt(code, cut, t) / 2 ** (width - 1 - i)) % 2))
      t.deepEqual(read, Array.from({ length: code.length * 8 }, (_, i) => bitAt(code, i)))
    }
  ))
})

test('chunks: two codes within r of each other are within floor(r / m) of each other in some chunk', t => {
  fc.assert(fc.property(
    bits.chain(width => fc.tuple(codeOf(width), codeOf(width), fc.constant(suitableChunks(width, 1e6)))),
    ([a, b, m]) => {
      const cut = chunking(a.length * 8, m)
      const nearest = Math.min(...cut.widths.map((_, t) => popcount(chunkAt(a, cut, t) ^ chunkAt(b, cut, t))))
      t.true(nearest <= Math.floor(hammingDistance(a, b) / m))
    }
  ))
})

test('distance: counts the bits that differ, as bit by bit', t => {
  fc.assert(fc.property(bits.chain(width => fc.tuple(codeOf(width), codeOf(width))), ([a, b]) => {
    let differing = 0
    for (let i = 0; i < a.length * 8; i++) if (bitAt(a, i) !== bitAt(b, i)) differing++
    t.is(hammingDistance(a, b), differing)
  }))
})

test('distance: codes of different widths have none', t => {
  t.throws(() => hammingDistance(new Uint8Array(2), new Uint8Array(4)), { instanceOf: RangeError })
})

test('codeOfSigns: bit i is the sign of output i, and a query is at asymmetric distance 0 of its own code', t => {
  const outputs = [0.5, -1, 0, 2, -0.1, 3, -4, 0.01, 1, 1, 1, 1, -1, -1, -1, -1]
  const code = codeOfSigns(outputs)
  t.deepEqual([...code], [0b10010101, 0b11110000])
  t.is(asymmetricDistance(outputs, code), 0)
  t.is(asymmetricDistance(outputs, codeOfSigns(outputs.map(x => -x - 0.001))), outputs.reduce((sum, x) => sum + Math.abs(x), 0))
})

test('chunking: refuses what cannot be cut so', t => {
  for (const m of [0, 2, 65, 1.5]) t.throws(() => chunking(64, m), { instanceOf: RangeError }, String(m))
})

function popcount (n: number): number {
  let ones = 0
  for (let rest = n >>> 0; rest > 0; rest >>>= 1) ones += rest & 1
  return ones
}
