import test from 'ava'
import { codeSet } from '../../../evaluation/code-set.js'
import { bitStatistics } from '../../../evaluation/metrics/bit-statistics.js'
import { bitAt } from '../../../hamming/code.js'
import { Random } from '../../../trainer/random.js'

const BITS = 24

test('bit statistics: are the plain definitions', t => {
  const random = new Random(1)
  const drawn = codeSet(Uint8Array.from({ length: 50 * BITS / 8 }, () => random.below(256) & random.below(256)), BITS)
  const bits = Array.from({ length: BITS }, (_, b) => Array.from({ length: 50 }, (_, i) => bitAt(drawn.bytes.subarray(i * 3, i * 3 + 3), b)))
  const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length
  const entropies = bits.map(bit => -[mean(bit), 1 - mean(bit)].reduce((sum, p) => sum + (p > 0 ? p * Math.log2(p) : 0), 0))
  const correlations = bits.flatMap((a, i) => bits.slice(i + 1).map(b => {
    const covariance = mean(a.map((value, j) => (value - mean(a)) * (b[j]! - mean(b))))
    return Math.abs(covariance) / Math.sqrt(mean(a.map(v => (v - mean(a)) ** 2)) * mean(b.map(v => (v - mean(b)) ** 2)))
  }))
  const { entropy, lowestEntropy, correlation, highestCorrelation } = bitStatistics(drawn)
  for (const [actual, expected] of [[entropy, mean(entropies)], [lowestEntropy, Math.min(...entropies)],
    [correlation, mean(correlations)], [highestCorrelation, Math.max(...correlations)]]) t.true(Math.abs(actual! - expected!) < 1e-9)
})

test('bit statistics: one code for all has no entropy, one bucket and no correlation', t => {
  const { entropy, correlation, distinct, buckets } = bitStatistics(codeSet(new Uint8Array(40 * 2).fill(0x5a), 16), 2)
  t.deepEqual({ entropy, correlation, distinct }, { entropy: 0, correlation: 0, distinct: 1 })
  t.deepEqual(buckets, { tables: 2, entropy: 0, meanBucket: 40, largestBucket: 40 })
})

test('bit statistics: all codes of a width are spread evenly over the buckets', t => {
  const all = codeSet(Uint8Array.from({ length: 2 * 65536 }, (_, i) => i & 1 ? (i >> 1) & 255 : i >> 9), 16)
  const { entropy, correlation, distinct, buckets } = bitStatistics(all, 2)
  t.deepEqual({ entropy, correlation, distinct }, { entropy: 1, correlation: 0, distinct: 65536 })
  t.deepEqual(buckets, { tables: 2, entropy: 1, meanBucket: 256, largestBucket: 256 })
})
