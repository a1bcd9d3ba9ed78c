/**
 * Writes the fields of a row one after the other, for rows whose fields have no fixed place. Numbers are unsigned and
 * take seven bits a byte, lowest first (LEB128); texts and bytes have their length in front.
 */
export class RowWriter {
  #row = Buffer.allocUnsafe(512)
  #at = 0

  number (value: number): this {
    this.#reserve(8)
    let rest = value
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#row[this.#at++] = rest % 0x80 + 0x80
    this.#row[this.#at++] = rest
    return this
  }

  /** A number that may be negative: zigzag, so that small ones stay short. */
  signed (value: number): this {
    return this.number(value < 0 ? -2 * value - 1 : 2 * value)
  }

  text (value: string): this {
    const length = Buffer.byteLength(value)
    this.number(length)
    this.#reserve(length)
    this.#at += this.#row.write(value, this.#at, 'utf8')
    return this
  }

  bytes (value: Uint8Array): this {
    this.number(value.length)
    this.#reserve(value.length)
    this.#row.set(value, this.#at)
    this.#at += value.length
    return this
  }

  texts (values: readonly string[]): this {
    this.number(values.length)
    for (const value of values) this.text(value)
    return this
  }

  /** The row so far, as a copy; the next one begins. */
  take (): Buffer {
    const row = Buffer.allocUnsafe(this.#at)
    this.#row.copy(row, 0, 0, this.#at)
    this.#at = 0
    return row
  }

  #reserve (bytes: number): void {
    if (this.#at + bytes > this.#row.length) this.#row = Buffer.concat([this.#row], (this.#at + bytes) * 2)
  }
}

/** Reads what `RowWriter` wrote, field by field in the same order. */
export class RowReader {
  #at: number

  constructor (readonly row: Buffer, from = 0) {
    this.#at = from
  }

  number (): number {
    let value = 0
    let unit = 1
    for (;;) {
      const byte = this.row[this.#at++]!
      value += (byte & 0x7f) * unit
      if (byte < 0x80) return value
      unit *= 0x80
    }
  }

  signed (): number {
    const value = this.number()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  text (): string {
    const length = this.number()
    this.#at += length
    return this.row.toString('utf8', this.#at - length, this.#at)
  }

  /** A view of the row. */
  bytes (): Buffer {
    const length = this.number()
    this.#at += length
    return this.row.subarray(this.#at - length, this.#at)
  }

  /** Goes past a text or bytes. */
  skip (): void {
    const length = this.number() // first: reading it moves #at
    this.#at += length
  }

  texts (): string[] {
    const texts: string[] = []
    for (let count = this.number(); count > 0; count--) texts.push(this.text())
    return texts
  }
}
