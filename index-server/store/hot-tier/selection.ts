import { FOUND } from './layout.js'

/** Elements of a record of `FOUND`. */
export const RECORD = FOUND.sizeBytes >> 2

/** The entries that are in the answer, each in one place of the three lists. */
export interface Hits {
  readonly length: number
  readonly parts: readonly number[]
  readonly entries: readonly number[]
  readonly distances: readonly number[]
}

/** Joins what the parts of a store find: the kernel's counting selection (select.as.ts), over all of them. */
export class Selection {
  /** Nothing farther can be part of the answer. */
  reach: number
  readonly #k: number
  readonly #counts: number[]
  #found = 0
  readonly #parts: number[] = []
  readonly #entries: number[] = []
  readonly #distances: number[] = []

  /** @param countOnly whether only how many there are is wanted, and not which. */
  constructor (bits: number, k: number | undefined, radius: number | undefined, private readonly countOnly = false) {
    this.reach = Math.min(bits, radius ?? bits)
    this.#k = k ?? Infinity
    this.#counts = zeros(this.reach + 1)
  }

  /**
   * Takes in what was found in a part: records of `FOUND`, from index `from` on.
   *
   * @param reach how far the part's search reached when it was done: k are known within that.
   */
  take (part: number, records: Uint32Array, from: number, count: number, reach: number): void {
    const counts = this.#counts
    while (this.reach > reach) this.#found -= counts[this.reach--]!
    for (let at = from, end = from + count * RECORD; at < end; at += RECORD) {
      const distance = records[at + 1]!
      if (distance > this.reach) continue
      const weight = records[at + 2]!
      if (!this.countOnly) {
        this.#parts.push(part)
        this.#entries.push(records[at]!)
        this.#distances.push(distance)
      }
      counts[distance]! += weight
      this.#found += weight
      while (this.reach > 0 && this.#found - counts[this.reach]! >= this.#k) this.#found -= counts[this.reach--]!
    }
  }

  /** How many are within reach. */
  get found (): number { return this.#found }

  /** What is within reach, in order of distance. */
  hits (): Hits {
    const distances = this.#distances
    const places = zeros(this.reach + 2)
    for (const distance of distances) if (distance <= this.reach) places[distance + 1]!++
    for (let distance = 0; distance <= this.reach; distance++) places[distance + 1]! += places[distance]!
    const length = places[this.reach + 1]!
    const hits = { length, parts: zeros(length), entries: zeros(length), distances: zeros(length) }
    for (let i = 0; i < distances.length; i++) {
      const distance = distances[i]!
      if (distance > this.reach) continue
      const at = places[distance]!++
      hits.parts[at] = this.#parts[i]!
      hits.entries[at] = this.#entries[i]!
      hits.distances[at] = distance
    }
    return hits
  }
}

/** An array of JavaScript's own: a typed one of this size has its memory outside the heap, which takes longer to get than all that is done here. */
function zeros (length: number): number[] {
  const array: number[] = []
  for (let i = 0; i < length; i++) array.push(0)
  return array
}
