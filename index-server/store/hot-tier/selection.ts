import { FOUND } from './layout.js'

const RECORD = FOUND.sizeBytes >> 2

/** An entry of one part that is in the answer. */
export interface Hit {
  readonly part: number
  readonly entry: number
  readonly distance: number
}

/** Joins what the parts of a store find: the kernel's counting selection (select.as.ts), over all of them. */
export class Selection {
  /** Nothing farther can be part of the answer. */
  reach: number
  readonly #k: number
  readonly #counts: Uint32Array
  #found = 0
  readonly #parts: number[] = []
  readonly #entries: number[] = []
  readonly #distances: number[] = []

  constructor (bits: number, k: number | undefined, radius: number | undefined) {
    this.reach = Math.min(bits, radius ?? bits)
    this.#k = k ?? Infinity
    this.#counts = new Uint32Array(this.reach + 1)
  }

  /** @param found records of `FOUND`. */
  take (part: number, found: Uint32Array): void {
    const counts = this.#counts
    for (let at = 0; at < found.length; at += RECORD) {
      const distance = found[at + 1]!
      if (distance > this.reach) continue
      const weight = found[at + 2]!
      this.#parts.push(part)
      this.#entries.push(found[at]!)
      this.#distances.push(distance)
      counts[distance]! += weight
      this.#found += weight
      if (this.#found < this.#k) continue
      for (; this.reach > 0 && this.#found - counts[this.reach]! >= this.#k; this.reach--) this.#found -= counts[this.reach]!
    }
  }

  /** What is within reach, in order of distance. */
  hits (): Hit[] {
    const byDistance: Hit[][] = []
    for (let i = 0; i < this.#parts.length; i++) {
      const distance = this.#distances[i]!
      if (distance > this.reach) continue
      (byDistance[distance] ??= []).push({ part: this.#parts[i]!, entry: this.#entries[i]!, distance })
    }
    return byDistance.flat()
  }
}
