import { sumOverPositions } from './positions.js'
import { relevantIn, type Tally } from './tally.js'

/**
 * Expected weighted average precision: the mean, over the relevant items, of the average cumulative gain at their
 * position (F. Zhao, Y. Huang, L. Wang, T. Tan. Deep Semantic Ranking Based Hashing. CVPR 2015), and that over every order of equals.
 *
 * In a place of n equals, r relevant, gains G in sum, after N items with gains S, position N + i adds
 * ((r S + G) / n + (i − 1) G (r − 1) / (n (n − 1))) / (N + i): an item's own gain counts whenever it is relevant, another's by the pair.
 *
 * @returns 0 or more, or NaN where the database has nothing relevant. With one gain only it is average precision.
 */
export function weightedAveragePrecision (tally: Tally): number {
  const { places, levels, counts } = tally
  let before = 0
  let gainsBefore = 0
  let sum = 0
  for (let place = 0; place < places; place++) {
    const at = place * (levels + 1)
    let relevant = 0
    let gains = 0
    for (let gain = 1; gain <= levels; gain++) {
      relevant += counts[at + gain]!
      gains += counts[at + gain]! * gain
    }
    const n = counts[at]! + relevant
    if (relevant > 0) {
      const growth = n === 1 ? 0 : gains * (relevant - 1) / (n * (n - 1))
      sum += sumOverPositions((relevant * gainsBefore + gains) / n, growth, before, n)
    }
    before += n
    gainsBefore += gains
  }
  return sum / relevantIn(tally)
}
