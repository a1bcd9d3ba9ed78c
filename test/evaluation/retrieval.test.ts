import test from 'ava'
import { codesOfOutputs } from '../../evaluation/code-set.js'
import { averagePrecision } from '../../evaluation/metrics/average-precision.js'
import { tallyOf } from '../../evaluation/metrics/tally.js'
import { retrieval } from '../../evaluation/retrieval.js'
import { asymmetricDistance, hammingDistance } from '../../hamming/distance.js'
import { labelsOfClasses } from '../../trainer/labels.js'
import { Random } from '../../trainer/random.js'

const BITS = 16

/** Outputs around a centre a class, so that codes of a class are near and many are equal. */
function drawn (count: number, seed: number) {
  const centres = new Random(99)
  const of = Array.from({ length: 3 }, () => Array.from({ length: BITS }, () => centres.normal()))
  const random = new Random(seed)
  const classes = Array.from({ length: count }, () => random.below(3))
  const outputs = Float32Array.from(classes.flatMap(c => of[c]!.map(value => value + 0.7 * random.normal())))
  return { codes: codesOfOutputs(outputs, BITS), labels: labelsOfClasses(classes, 3), classes, outputs }
}

test('retrieval: re-ranked figures are those of a plain sort by Hamming, then asymmetric distance', t => {
  const [queries, database] = [drawn(10, 1), drawn(200, 2)]
  const { reranked, mAP, perQuery } = retrieval(queries, database, { outputs: queries.outputs, cuts: [10] })
  const code = (of: typeof queries, i: number) => of.codes.bytes.subarray(2 * i, 2 * i + 2)
  const expected = queries.classes.map((wanted, q) => {
    const outputs = queries.outputs.subarray(q * BITS, (q + 1) * BITS)
    const key = (i: number) => 1e6 * hammingDistance(code(queries, q), code(database, i)) + asymmetricDistance(outputs, code(database, i))
    const keys = database.classes.map((_, i) => Math.round(1e6 * key(i)))
    const order = [...new Set(keys)].sort((a, b) => a - b)
    return averagePrecision(tallyOf(keys.map(key => order.indexOf(key)), database.classes.map(c => c === wanted ? 1 : 0), order.length, 1))
  })
  t.true(Math.abs(reranked!.mean - expected.reduce((sum, value) => sum + value, 0) / expected.length) < 1e-9)
  t.true(reranked!.mean > mAP.mean, 'real outputs know more than their signs')
  t.is(perQuery.length, 10)
})

test('retrieval: gives each query what it finds, and all figures of one run agree', t => {
  const [queries, database] = [drawn(30, 3), drawn(300, 4)]
  const found = retrieval(queries, database, { cuts: [5, 300] })
  t.is(found.at[1]!.mAP.mean, found.mAP.mean, 'a cut at the whole database is none')
  t.true(Math.abs(found.weightedAP.mean - found.mAP.mean) < 1e-12, 'with one label an item the weighted one is the plain one')
  t.is(found.curve.length, BITS + 1)
  t.is(found.curve.at(-1)!.recall, 1)
  t.is(found.reranked, undefined)
})

test('retrieval: codes without labels are refused', t => {
  const { codes } = drawn(3, 1)
  t.throws(() => retrieval({ codes, labels: labelsOfClasses([0], 3) }, drawn(3, 2)), { instanceOf: RangeError })
})
