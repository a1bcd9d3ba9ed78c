import { relevantIn, type Tally } from './tally.js'

/** One point of a precision-recall curve: what a search of one radius gives. */
export interface PrecisionRecall {
  readonly radius: number
  readonly precision: number
  readonly recall: number
}

/**
 * The precision-recall curve over radii 0, 1, 2 …: at each radius the mean over queries of precision (0 where nothing is
 * found, as in `precisionWithin`) and of recall. Queries without anything relevant in the database are left out.
 *
 * Feed it tallies by Hamming distance with `add`; `points` may be read at any time.
 */
export class PrecisionRecallCurve {
  #queries = 0
  #precision = new Float64Array()
  #recall = new Float64Array()

  add (tally: Tally): void {
    const all = relevantIn(tally)
    if (all === 0) return
    if (this.#queries === 0) {
      this.#precision = new Float64Array(tally.places)
      this.#recall = new Float64Array(tally.places)
    }
    if (tally.places !== this.#precision.length) throw new RangeError('tallies of one curve have one width')
    this.#queries++
    let found = 0
    let relevant = 0
    for (let place = 0; place < tally.places; place++) {
      const at = place * (tally.levels + 1)
      found += tally.counts[at]!
      for (let gain = 1; gain <= tally.levels; gain++) {
        found += tally.counts[at + gain]!
        relevant += tally.counts[at + gain]!
      }
      if (found > 0) this.#precision[place]! += relevant / found
      this.#recall[place]! += relevant / all
    }
  }

  /** One point a radius; none before the first query. */
  get points (): readonly PrecisionRecall[] {
    return Array.from(this.#precision, (precision, radius) =>
      ({ radius, precision: precision / this.#queries, recall: this.#recall[radius]! / this.#queries }))
  }
}
