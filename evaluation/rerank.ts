import { codeAt } from './code-set.js'
import { gainOf, tallyOf, type Labelled, type Tally } from './metrics/tally.js'

/**
 * Ranks as the index does (Hamming distance, then asymmetric distance) and tallies it. Equal codes stay equals: nothing
 * in a code tells them apart. Distinct codes are ranked, not items, so a collapsed code costs little.
 */
export class AsymmetricRanking {
  readonly #database: Labelled
  /** The first item with each distinct code. */
  readonly #representatives: readonly number[]
  /** Which distinct code each item has. */
  readonly #distinctOf: Uint32Array

  constructor (database: Labelled) {
    this.#database = database
    this.#distinctOf = new Uint32Array(database.codes.count)
    const seen = new Map<string, number>()
    const representatives: number[] = []
    for (let i = 0; i < database.codes.count; i++) {
      const key = Buffer.from(codeAt(database.codes, i)).toString('latin1')
      let distinct = seen.get(key)
      if (distinct === undefined) {
        distinct = representatives.push(i) - 1
        seen.set(key, distinct)
      }
      this.#distinctOf[i] = distinct
    }
    this.#representatives = representatives
  }

  /** @param outputs of query `q`, before the sign, [bits]. */
  tally (queries: Labelled, q: number, outputs: ArrayLike<number>, levels: number): Tally {
    const { codes, labels } = this.#database
    const query = codeAt(queries.codes, q)
    const far = new Float64Array(this.#representatives.length)
    const near = new Float64Array(this.#representatives.length)
    const costs = byteCosts(outputs)
    for (const [d, i] of this.#representatives.entries()) {
      const code = codeAt(codes, i)
      for (let b = 0; b < code.length; b++) {
        far[d]! += ONES[code[b]! ^ query[b]!]!
        near[d]! += costs[256 * b + code[b]!]!
      }
    }
    const order = Uint32Array.from(far, (_, d) => d).sort((a, b) => far[a]! - far[b]! || near[a]! - near[b]!)
    const placeOf = new Uint32Array(order.length)
    let place = 0
    for (let i = 0; i < order.length; i++) {
      const [d, last] = [order[i]!, order[i - 1]]
      if (last !== undefined && (far[d] !== far[last] || near[d] !== near[last])) place++
      placeOf[d] = place
    }
    const wanted = queries.labels.words.subarray(q * labels.stride, (q + 1) * labels.stride)
    const gains = Uint8Array.from({ length: codes.count }, (_, i) => gainOf(wanted, labels, i))
    return tallyOf(this.#distinctOf.map(d => placeOf[d]!), gains, place + 1, levels)
  }
}

const ONES = Uint8Array.from({ length: 256 }, (_, byte) => {
  let ones = 0
  for (let rest = byte; rest > 0; rest >>= 1) ones += rest & 1
  return ones
})

/** Asymmetric distance byte by byte: what byte `b` of a stored code adds when its value is v, at 256 · b + v. */
function byteCosts (outputs: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: 32 * outputs.length }, (_, at) => {
    const [first, value] = [8 * (at >> 8), at & 255]
    let cost = 0
    for (let i = 0; i < 8; i++) {
      const output = outputs[first + i]!
      if (output > 0 !== ((value & (0x80 >> i)) !== 0)) cost += Math.abs(output)
    }
    return cost
  })
}
