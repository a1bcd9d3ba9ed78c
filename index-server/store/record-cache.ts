/**
 * The rows last written or read, by name: an item's codes follow it within moments, so most look-ups end here. Two
 * generations: when the younger is full it becomes the elder, and what the elder held is forgotten.
 */
export class RecordCache {
  readonly #most: number
  #young = new Map<string, Buffer | null>()
  #old = new Map<string, Buffer | null>()

  /** @param most rows of a generation. */
  constructor (most: number) {
    this.#most = most
  }

  /** @returns `null` when it is known that there is none, `undefined` when nothing is known. */
  get (name: string): Buffer | null | undefined {
    const row = this.#young.get(name)
    return row === undefined ? this.#old.get(name) : row
  }

  /** @param row `null`: that there is none. */
  set (name: string, row: Buffer | null): void {
    if (this.#young.size >= this.#most && !this.#young.has(name)) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(name, row)
  }
}
