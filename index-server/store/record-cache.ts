/**
 * The rows last written, by name: an item's codes follow it within moments, so most look-ups end here. Two generations:
 * when the younger is full it becomes the elder, and what the elder held is forgotten. What is added at once is together
 * in the younger, so it is here until at least two more have been added.
 */
export class RecordCache {
  readonly #most: number
  #young = new Map<string, Buffer | null>()
  #old = new Map<string, Buffer | null>()

  /** @param most rows past which a generation is full. */
  constructor (most: number) {
    this.#most = most
  }

  /** @returns `null` when it is known that there is none, `undefined` when nothing is known. */
  get (name: string): Buffer | null | undefined {
    const row = this.#young.get(name)
    return row === undefined ? this.#old.get(name) : row
  }

  /** @param rows `null`: that there is none. */
  add (rows: Iterable<readonly [name: string, row: Buffer | null]>): void {
    if (this.#young.size >= this.#most) {
      this.#old = this.#young
      this.#young = new Map()
    }
    for (const [name, row] of rows) this.#young.set(name, row)
  }
}
