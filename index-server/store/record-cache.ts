/**
 * The rows last written or read, by name: an item's codes follow it within moments, so most look-ups end here. Two
 * generations: when the younger is full it becomes the elder, and what the elder held is forgotten.
 */
export class RecordCache {
  readonly #most: number
  #young = new Map<string, Buffer | undefined>()
  #old = new Map<string, Buffer | undefined>()

  /** @param most rows of a generation. */
  constructor (most: number) {
    this.#most = most
  }

  has (name: string): boolean {
    return this.#young.has(name) || this.#old.has(name)
  }

  get (name: string): Buffer | undefined {
    return this.#young.get(name) ?? this.#old.get(name)
  }

  /** @param row undefined: that there is none. */
  set (name: string, row: Buffer | undefined): void {
    if (this.#young.size >= this.#most) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(name, row)
    // An elder row would come to light when the younger says there is none.
    if (row === undefined) this.#old.delete(name)
  }
}
