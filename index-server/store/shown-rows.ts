/** What is looked up for an answer, and what changed meanwhile: that was read too early to be kept. */
export interface Showing {
  readonly changed: Set<string>
}

/** What an image is shown as under one of its codes, and whose. */
export interface ShownRow {
  readonly ordinal: number
  readonly id: string
  readonly bytes: Uint8Array
}

/** An ordinal under the number of its tables. */
export type TablesOrdinal = readonly [tables: number, ordinal: number]

const CHUNK_BYTES = 2 ** 20
/** Behind its length, in two bytes; larger ones are not kept. */
const MAX_ROW_BYTES = 2 ** 16 - 1
const PAGE_ORDINALS = 1024

/**
 * What images were shown as lately, by the ordinals of their codes, so that who is often found is neither read nor encoded
 * each time: rows one after the other, in memory that grows up to its size and is then written over from its beginning.
 * No object is kept for a row: a million of them are nothing to the garbage collector.
 *
 *     rows    ‖ length u16 · bytes │ length u16 · bytes │ …     chunks of 1 MiB, no row lies in two
 *     places  where the row of an ordinal begins, counted from the first row ever, + 1; 0 for none: pages of 1024
 *
 * An image changes: whoever writes it says so (`forget`).
 */
export class ShownRows {
  readonly #mostChunks: number
  readonly #chunks: Buffer[] = []
  /** Where the next row begins, counted from the first one ever. */
  #end = 0
  readonly #places = new Map<number, (Float64Array | undefined)[]>()
  readonly #showings = new Set<Showing>()

  /** @param sizeBytes of the rows; where they begin takes 8 bytes a code more at the most. */
  constructor (sizeBytes: number) {
    this.#mostChunks = Math.max(2, Math.ceil(sizeBytes / CHUNK_BYTES))
  }

  /** @returns the bytes where they lie: good until something is awaited. */
  row (tables: number, ordinal: number): Uint8Array | undefined {
    const place = (this.#places.get(tables)?.[Math.floor(ordinal / PAGE_ORDINALS)]?.[ordinal % PAGE_ORDINALS] ?? 0) - 1
    // What was written over lies as many chunks back as there are.
    if (place < 0 || Math.floor(place / CHUNK_BYTES) <= Math.floor(this.#end / CHUNK_BYTES) - this.#mostChunks) return undefined
    const chunk = this.#chunkAt(place)
    const at = place % CHUNK_BYTES
    return chunk.subarray(at + 2, at + 2 + chunk.readUInt16LE(at))
  }

  /** Call before reading, and `end` after it, whatever came of it. */
  begin (): Showing {
    const showing = { changed: new Set<string>() }
    this.#showings.add(showing)
    return showing
  }

  /** Keeps what was read, but for what has changed since it began. */
  end (showing: Showing, tables: number, rows: readonly ShownRow[]): void {
    if (!this.#showings.delete(showing)) return
    for (const row of rows) if (!showing.changed.has(row.id) && row.bytes.length <= MAX_ROW_BYTES) this.#keep(tables, row)
  }

  /** Images have changed, durably, that stand under these ordinals, or stood. */
  forget (ids: Iterable<string>, ordinals: Iterable<TablesOrdinal>): void {
    for (const [tables, ordinal] of ordinals) {
      const page = this.#places.get(tables)?.[Math.floor(ordinal / PAGE_ORDINALS)]
      if (page !== undefined) page[ordinal % PAGE_ORDINALS] = 0
    }
    if (this.#showings.size > 0) for (const id of ids) for (const { changed } of this.#showings) changed.add(id)
  }

  /** Tables are gone. What is being read is not kept either. */
  drop (tables: number): void {
    this.#places.delete(tables)
    this.#showings.clear()
  }

  #keep (tables: number, { ordinal, bytes }: ShownRow): void {
    const size = 2 + bytes.length
    if (this.#end % CHUNK_BYTES + size > CHUNK_BYTES) this.#end = (Math.floor(this.#end / CHUNK_BYTES) + 1) * CHUNK_BYTES
    const chunk = this.#chunkAt(this.#end)
    const at = this.#end % CHUNK_BYTES
    chunk.writeUInt16LE(bytes.length, at)
    chunk.set(bytes, at + 2)
    let pages = this.#places.get(tables)
    if (pages === undefined) this.#places.set(tables, pages = [])
    const page = pages[Math.floor(ordinal / PAGE_ORDINALS)] ??= new Float64Array(PAGE_ORDINALS)
    page[ordinal % PAGE_ORDINALS] = this.#end + 1
    this.#end += size
  }

  #chunkAt (place: number): Buffer {
    return this.#chunks[Math.floor(place / CHUNK_BYTES) % this.#mostChunks] ??= Buffer.allocUnsafeSlow(CHUNK_BYTES)
  }
}
