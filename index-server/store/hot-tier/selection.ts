import { FOUND } from './layout.js'

/** Elements of a record of `FOUND`. */
export const RECORD = FOUND.sizeBytes >> 2

/** The entries that are in the answer, each in one place of the three lists. */
export interface Hits {
  readonly length: number
  readonly parts: ArrayLike<number>
  readonly entries: ArrayLike<number>
  readonly distances: ArrayLike<number>
}

/** The same, being filled. */
interface Places {
  readonly length: number
  readonly parts: number[] | Uint32Array
  readonly entries: number[] | Uint32Array
  readonly distances: number[] | Uint32Array
}

/** Up to so many places are filled with zeros one by one. */
const FILLED = 16_384

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

  /** The same of what was only counted: how many at each distance. */
  takeCounts (tally: Uint32Array, reach: number): void {
    const counts = this.#counts
    while (this.reach > reach) this.#found -= counts[this.reach--]!
    for (let distance = 0; distance <= this.reach; distance++) {
      counts[distance]! += tally[distance]!
      this.#found += tally[distance]!
    }
    while (this.reach > 0 && this.#found - counts[this.reach]! >= this.#k) this.#found -= counts[this.reach--]!
  }

  /** How many are within reach. */
  get found (): number { return this.#found }

  /** How many were taken in, those that reach has passed by among them: what putting them in order takes. */
  get taken (): number { return this.#distances.length }

  /** What is within reach, in order of distance. */
  hits (): Hits {
    const sorting = this.sorting()
    while (!sorting.step(Infinity)) { /* in one go */ }
    return sorting.hits
  }

  /** The same in steps. Nothing may be taken in meanwhile. */
  sorting (): HitSorting {
    return new HitSorting(this.#parts, this.#entries, this.#distances, this.reach)
  }
}

/** Puts what was taken in into the order of distance, by counting: once through to see how many there are at each, once to put each in its place. */
export class HitSorting {
  readonly #places: number[]
  #counted = 0
  #placed = 0
  #hits: Places | undefined

  constructor (private readonly parts: readonly number[], private readonly entries: readonly number[], private readonly distances: readonly number[], private readonly reach: number) {
    this.#places = zeros(reach + 2)
  }

  get hits (): Hits { return this.#hits! }

  /** Takes a step of so many. @returns whether that was the last. */
  step (most: number): boolean {
    return this.#hits === undefined ? this.#count(most) : this.#place(this.#hits, most)
  }

  #count (most: number): false {
    const { distances, reach } = this
    const places = this.#places
    const end = Math.min(distances.length, this.#counted + most)
    for (let i = this.#counted; i < end; i++) if (distances[i]! <= reach) places[distances[i]! + 1]!++
    this.#counted = end
    if (end < distances.length) return false
    for (let distance = 0; distance <= reach; distance++) places[distance + 1]! += places[distance]!
    const length = places[reach + 1]!
    // Filling that many would itself be long: memory that comes as zeros is not touched before it is written.
    const list = length > FILLED ? (): Uint32Array => new Uint32Array(length) : (): number[] => zeros(length)
    this.#hits = { length, parts: list(), entries: list(), distances: list() }
    return false
  }

  #place (hits: Places, most: number): boolean {
    const { parts, entries, distances, reach } = this
    const places = this.#places
    const end = Math.min(distances.length, this.#placed + most)
    for (let i = this.#placed; i < end; i++) {
      const distance = distances[i]!
      if (distance > reach) continue
      const at = places[distance]!++
      hits.parts[at] = parts[i]!
      hits.entries[at] = entries[i]!
      hits.distances[at] = distance
    }
    this.#placed = end
    return end === distances.length
  }
}

/** An array of JavaScript's own: a typed one of this size has its memory outside the heap, which takes longer to get than all that is done here. */
function zeros (length: number): number[] {
  const array: number[] = []
  for (let i = 0; i < length; i++) array.push(0)
  return array
}
