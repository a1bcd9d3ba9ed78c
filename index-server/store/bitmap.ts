/** A set of ordinals: a bit each, most significant first, growing as needed. */
export class Bitmap {
  #bytes = new Uint8Array(128)
  #size = 0

  /** How many are in. */
  get size (): number {
    return this.#size
  }

  has (at: number): boolean {
    return ((this.#bytes[at >>> 3] ?? 0) & (0x80 >> (at & 7))) !== 0
  }

  add (at: number): void {
    if (this.has(at)) return
    this.#reserve((at >>> 3) + 1)
    this.#bytes[at >>> 3]! |= 0x80 >> (at & 7)
    this.#size++
  }

  /** A copy of `length` bytes from byte `from` on: zeros where nothing was added. */
  slice (from: number, length: number): Buffer {
    const copy = Buffer.alloc(length)
    copy.set(this.#bytes.subarray(from, from + length))
    return copy
  }

  /** Puts bytes back that `slice` gave. */
  load (from: number, bytes: Uint8Array): void {
    this.#reserve(from + bytes.length)
    for (let i = 0; i < bytes.length; i++) {
      for (let byte = bytes[i]!; byte !== 0; byte &= byte - 1) this.#size++
      for (let byte = this.#bytes[from + i]!; byte !== 0; byte &= byte - 1) this.#size--
      this.#bytes[from + i] = bytes[i]!
    }
  }

  #reserve (length: number): void {
    if (length <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(length, this.#bytes.length * 2))
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}
