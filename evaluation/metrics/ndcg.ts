import type { Tally } from './tally.js'

let discounts = Float64Array.of(0)

/**
 * Expected normalised discounted cumulative gain: the mean over every order of equals (McSherry & Najork 2008, section 2.5).
 *
 *     DCG@k = Σ over positions i ≤ k of (2^gain − 1) / log2(i + 1),   NDCG@k = DCG@k / the best DCG@k the database allows
 *
 * Equals share the mean of their gains. With one gain only, it is binary NDCG.
 *
 * @param k @default everything
 * @returns 0 … 1, or NaN where the database has nothing relevant.
 */
export function ndcg ({ places, levels, counts }: Tally, k: number = Infinity): number {
  const ofGain = new Float64Array(levels + 1)
  let before = 0
  let dcg = 0
  for (let place = 0; place < places; place++) {
    const at = place * (levels + 1)
    let n = 0
    let gains = 0
    for (let gain = 0; gain <= levels; gain++) {
      const count = counts[at + gain]!
      n += count
      gains += count * (2 ** gain - 1)
      ofGain[gain]! += count
    }
    if (n > 0 && before < k) dcg += gains / n * discountBetween(before, Math.min(before + n, k))
    before += n
  }

  let best = 0
  for (let gain = levels, above = 0; gain > 0 && above < k; above += ofGain[gain]!, gain--) {
    best += (2 ** gain - 1) * discountBetween(above, Math.min(above + ofGain[gain]!, k))
  }
  return dcg / best
}

/** The discounts of positions from + 1 … to, added up. */
function discountBetween (from: number, to: number): number {
  if (to >= discounts.length) {
    const longer = new Float64Array(Math.max(to + 1, 2 * discounts.length))
    for (let i = 1; i < longer.length; i++) longer[i] = longer[i - 1]! + 1 / Math.log2(i + 1)
    discounts = longer
  }
  return discounts[to]! - discounts[from]!
}
