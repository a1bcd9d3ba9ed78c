import type { Tally } from './tally.js'

/**
 * Precision within a Hamming radius: of what lies within it, the share that is relevant. A query that finds nothing there
 * counts 0, for that is what its user gets.
 *
 * @param tally by Hamming distance.
 */
export function precisionWithin ({ places, levels, counts }: Tally, radius: number): number {
  let found = 0
  let relevant = 0
  for (let place = 0; place <= radius && place < places; place++) {
    for (let gain = 0; gain <= levels; gain++) {
      const count = counts[place * (levels + 1) + gain]!
      found += count
      if (gain > 0) relevant += count
    }
  }
  return found === 0 ? 0 : relevant / found
}
