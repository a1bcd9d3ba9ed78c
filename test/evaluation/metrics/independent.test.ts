import { readFileSync } from 'node:fs'
import test from 'ava'
import { averagePrecision } from '../../../evaluation/metrics/average-precision.js'
import { ndcg } from '../../../evaluation/metrics/ndcg.js'
import { tallyOf } from '../../../evaluation/metrics/tally.js'

interface Case {
  readonly distances: number[]
  readonly gains: number[]
  readonly places: number
  readonly levels: number
  readonly ap: number
  readonly ndcg: Readonly<Record<string, number>>
}
interface Recorded {
  readonly exact: readonly (Case & { readonly apAt: Readonly<Record<string, number>> })[]
  readonly sampled: readonly (Case & { readonly standardError: number })[]
}

/** What scikit-learn said, recorded by independent.py. */
const recorded = JSON.parse(readFileSync(new URL('independent.json', import.meta.url), 'utf8')) as Recorded

test('average precision: is scikit-learn\'s, averaged over every way to break the ties', t => {
  for (const { distances, gains, places, levels, ap, apAt } of recorded.exact) {
    const tally = tallyOf(distances, gains, places, levels)
    near(t, averagePrecision(tally), ap, 1e-12)
    for (const [k, expected] of Object.entries(apAt)) near(t, averagePrecision(tally, Number(k)), expected, 1e-12)
  }
})

test('average precision: is scikit-learn\'s on 200 items, within five standard errors of its sample of orders', t => {
  for (const { distances, gains, places, levels, ap, standardError } of recorded.sampled) {
    near(t, averagePrecision(tallyOf(distances, gains, places, levels)), ap, 5 * standardError)
  }
})

test('ndcg: is scikit-learn\'s, which averages over ties by itself', t => {
  for (const { distances, gains, places, levels, ndcg: expected } of [...recorded.exact, ...recorded.sampled]) {
    const tally = tallyOf(distances, gains, places, levels)
    for (const [k, value] of Object.entries(expected)) near(t, ndcg(tally, k === 'all' ? Infinity : Number(k)), value, 1e-12)
  }
})

function near (t: { true (holds: boolean, message: string): void }, actual: number, expected: number, tolerance: number): void {
  t.true(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`)
}
