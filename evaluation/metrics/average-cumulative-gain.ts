import type { Tally } from './tally.js'

/**
 * Expected average cumulative gain: how many labels the first k share with the query, in the mean (K. Järvelin,
 * J. Kekäläinen. IR evaluation methods for retrieving highly relevant documents. SIGIR 2000). Equals share the mean of their gains.
 *
 * @returns 0 or more. Where the database has fewer than k items, the mean is over those it has; NaN where it has none.
 */
export function averageCumulativeGain ({ places, levels, counts }: Tally, k: number): number {
  let before = 0
  let sum = 0
  for (let place = 0; place < places && before < k; place++) {
    let n = 0
    let gains = 0
    for (let gain = 0; gain <= levels; gain++) {
      n += counts[place * (levels + 1) + gain]!
      gains += counts[place * (levels + 1) + gain]! * gain
    }
    const taken = Math.min(n, k - before)
    if (n > 0) sum += gains * taken / n
    before += taken
  }
  return sum / before
}
