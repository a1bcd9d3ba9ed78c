import { sumOverPositions } from './positions.js'
import { relevantIn, type Tally } from './tally.js'

/**
 * Expected average precision: the mean over every order of equals (F. McSherry, M. Najork. Computing Information Retrieval
 * Performance Measures Efficiently in the Presence of Tied Scores. ECIR 2008, section 2.6).
 *
 *     AP@k = 1 / min(k, R) · Σ over positions i ≤ k of  P(item i is relevant) · E[precision at i | it is]
 *
 * In a place of n equals, r of them relevant, after N items with P relevant, position N + i adds
 * r/n · (P + 1 + (i − 1)(r − 1)/(n − 1)) / (N + i). R counts the relevant of the whole database: cutting at k never hides a miss.
 *
 * @param k @default everything
 * @returns 0 … 1, or NaN where the database has nothing relevant: such a query says nothing and belongs in no mean.
 */
export function averagePrecision (tally: Tally, k: number = Infinity): number {
  const { places, levels, counts } = tally
  let before = 0
  let relevantBefore = 0
  let sum = 0
  for (let place = 0; place < places && before < k; place++) {
    const at = place * (levels + 1)
    let relevant = 0
    for (let gain = 1; gain <= levels; gain++) relevant += counts[at + gain]!
    const n = counts[at]! + relevant
    if (relevant > 0) {
      const share = relevant / n
      const growth = n === 1 ? 0 : (relevant - 1) / (n - 1)
      sum += sumOverPositions(share * (relevantBefore + 1), share * growth, before, Math.min(n, k - before))
    }
    before += n
    relevantBefore += relevant
  }
  return sum / Math.min(k, relevantIn(tally))
}
