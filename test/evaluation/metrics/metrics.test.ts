import test from 'ava'
import fc from 'fast-check'
import { codeSet } from '../../../evaluation/code-set.js'
import { averageCumulativeGain } from '../../../evaluation/metrics/average-cumulative-gain.js'
import { averagePrecision } from '../../../evaluation/metrics/average-precision.js'
import { meanOf } from '../../../evaluation/metrics/mean.js'
import { ndcg } from '../../../evaluation/metrics/ndcg.js'
import { pairedBootstrap } from '../../../evaluation/metrics/paired-bootstrap.js'
import { PrecisionRecallCurve } from '../../../evaluation/metrics/precision-recall.js'
import { precisionWithin } from '../../../evaluation/metrics/precision-within.js'
import { tallyByDistance, tallyOf } from '../../../evaluation/metrics/tally.js'
import { weightedAveragePrecision } from '../../../evaluation/metrics/weighted-average-precision.js'
import { hammingDistance } from '../../../hamming/distance.js'
import { labelsOf, labelsOfLists } from '../../../trainer/labels.js'
import { Random } from '../../../trainer/random.js'

const PLACES = 4
const LEVELS = 3
/** A ranking small enough that every order of its equals can be written out. */
const ranking = fc.array(fc.record({ place: fc.nat(PLACES - 1), gain: fc.nat(LEVELS) }), { minLength: 1, maxLength: 7 })
  .filter(items => items.some(item => item.gain > 0))
const k = fc.integer({ min: 1, max: 9 })
type Item = { readonly place: number, readonly gain: number }

test('tie-aware metrics: are the plain definition, averaged over every order of equals', t => {
  fc.assert(fc.property(ranking, k, (items, k) => {
    const tally = tallyOf(items.map(i => i.place), items.map(i => i.gain), PLACES, LEVELS)
    const expected = (metric: (gains: number[]) => number): number => {
      const values = orders(items).map(order => metric(order.map(i => i.gain)))
      return values.reduce((sum, value) => sum + value, 0) / values.length
    }
    near(t, averagePrecision(tally), expected(gains => plainAp(gains, gains.length)))
    near(t, averagePrecision(tally, k), expected(gains => plainAp(gains, k)))
    near(t, ndcg(tally, k), expected(gains => plainDcg(gains, k) / plainDcg(gains.toSorted((a, b) => b - a), k)))
    near(t, averageCumulativeGain(tally, k), expected(gains => sum(gains.slice(0, k)) / Math.min(k, gains.length)))
    near(t, weightedAveragePrecision(tally), expected(plainWap))
  }), { numRuns: 300 })
})

test('tally: counts as one distance at a time does, whatever the widths', t => {
  const sizes = fc.constantFrom([16, 3], [32, 10], [48, 40], [64, 10], [64, 33], [72, 5], [256, 3])
  fc.assert(fc.property(sizes, fc.integer(), fc.constantFrom(1, 2, 4), ([bits, classes], seed, levels) => {
    const random = new Random(seed)
    const draw = (count: number) => ({
      codes: codeSet(Uint8Array.from({ length: count * bits! / 8 }, () => random.below(256)), bits!),
      labels: labelsOfLists(Array.from({ length: count }, () => Array.from({ length: random.below(4) }, () => random.below(classes!))), classes!)
    })
    const [queries, database] = [draw(2), draw(30)]
    const tally = tallyByDistance(queries, 1, database, levels)
    const counts = new Uint32Array((bits! + 1) * (levels + 1))
    for (let i = 0; i < 30; i++) {
      const width = bits! / 8
      const distance = hammingDistance(queries.codes.bytes.subarray(width, 2 * width), database.codes.bytes.subarray(i * width, (i + 1) * width))
      const shared = labelsOf(queries.labels, 1).filter(label => labelsOf(database.labels, i).includes(label)).length
      counts[distance * (levels + 1) + Math.min(levels, shared)]! += 1
    }
    t.deepEqual(tally.counts, counts)
  }))
})

test('tally: refuses codes and labels of different widths', t => {
  const of = (bits: number, classes: number) => ({ codes: codeSet(new Uint8Array(bits / 8), bits), labels: labelsOfLists([[0]], classes) })
  t.throws(() => tallyByDistance(of(64, 10), 0, of(32, 10), 1), { instanceOf: RangeError })
  t.throws(() => tallyByDistance(of(64, 10), 0, of(64, 40), 1), { instanceOf: RangeError })
})

test('average precision: nothing relevant is NaN, and counts in no mean', t => {
  t.is(averagePrecision(tallyOf([0, 1], [0, 0], 2, 1)), NaN)
  t.deepEqual(meanOf([NaN, 0.25, 0.75]), { mean: 0.5, standardError: 0.25, n: 2 })
})

test('average precision: one early hit of many is not 1 when cut at k', t => {
  t.is(averagePrecision(tallyOf([0, 1, 2, 3], [1, 0, 1, 1], 4, 1), 2), 1 / 2)
})

test('precision within: counts 0 where nothing is found', t => {
  t.is(precisionWithin(tallyOf([3, 5], [1, 1], 6, 1), 2), 0)
  t.is(precisionWithin(tallyOf([0, 2, 2, 3], [1, 0, 2, 1], 4, 2), 2), 2 / 3)
})

test('precision-recall: one point a radius, mean over the queries that have something to find', t => {
  const curve = new PrecisionRecallCurve()
  curve.add(tallyOf([0, 1, 2], [1, 0, 1], 3, 1))
  curve.add(tallyOf([1, 1, 2], [1, 1, 0], 3, 1))
  curve.add(tallyOf([0, 0, 0], [0, 0, 0], 3, 1))
  t.deepEqual(curve.points, [
    { radius: 0, precision: (1 + 0) / 2, recall: (1 / 2 + 0) / 2 },
    { radius: 1, precision: (1 / 2 + 1) / 2, recall: (1 / 2 + 1) / 2 },
    { radius: 2, precision: (2 / 3 + 2 / 3) / 2, recall: 1 }
  ])
})

test('paired bootstrap: its interval is the normal one where the normal one holds, and pairs are kept together', t => {
  const random = new Random(3)
  const a = Array.from({ length: 400 }, () => random.normal())
  const b = a.map(value => value + 0.1 + 0.05 * random.normal())
  const { value, lower, upper, n } = pairedBootstrap(a, b)
  const { mean, standardError } = meanOf(a.map((value, i) => b[i]! - value))
  near(t, value, mean)
  t.is(n, 400)
  t.true(Math.abs(lower - (mean - 1.96 * standardError)) < 0.1 * standardError)
  t.true(Math.abs(upper - (mean + 1.96 * standardError)) < 0.1 * standardError)
  t.deepEqual(pairedBootstrap(a, b), pairedBootstrap(a, b), 'the same seed, the same interval')
  near(t, pairedBootstrap([1, 2, NaN], [2, 4, 1], { compare: 'ratio' }).lower, 2)
  t.throws(() => pairedBootstrap([1], [1, 2]), { instanceOf: RangeError })
  t.throws(() => pairedBootstrap([NaN], [1]), { instanceOf: RangeError })
})

function orders (items: readonly Item[]): Item[][] {
  if (items.length === 0) return [[]]
  const first = Math.min(...items.map(item => item.place))
  return items.flatMap((item, at) => item.place === first ? orders(items.toSpliced(at, 1)).map(rest => [item, ...rest]) : [])
}

function plainAp (gains: readonly number[], k: number): number {
  let hits = 0
  let total = 0
  for (const [i, gain] of gains.slice(0, k).entries()) if (gain > 0) total += ++hits / (i + 1)
  return total / Math.min(k, gains.filter(gain => gain > 0).length)
}

function plainDcg (gains: readonly number[], k: number): number {
  return sum(gains.slice(0, k).map((gain, i) => (2 ** gain - 1) / Math.log2(i + 2)))
}

function plainWap (gains: readonly number[]): number {
  const relevant = gains.flatMap((gain, i) => gain > 0 ? [sum(gains.slice(0, i + 1)) / (i + 1)] : [])
  return sum(relevant) / relevant.length
}

function sum (values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function near (t: { true (holds: boolean, message: string): void }, actual: number, expected: number): void {
  t.true(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`)
}
