import { prefixRange, type KeyValue, type Range } from '../../kv/key-value.js'
import { KeyFilter } from './key-filter.js'
import { FAMILIES, prefixOf } from './keys/families.js'

/** So many look-ups in vain for each live item, and the ids are read to save those to come: reading one costs a tenth of a look-up. */
const IN_VAIN = 1 / 8
const IN_VAIN_AT_LEAST = 20_000
/** What they are read into has room for so many times as many: else it would be full when they have been read. */
const ROOM = 2
/** Past that it is no longer worth its memory: some thirty million ids, or twenty that are read. */
const MOST_BYTES = 64 * 2 ** 20

/**
 * Which ids of a collection have a row of their own, as a filter in memory: what comes for the first time need not be
 * looked up, and most images come for the first time. An empty collection has it from the start. Else all ids are read
 * into it, in the background, once many were looked up in vain; until that is done each of them may be known.
 */
export class KnownIds {
  readonly #kv: KeyValue
  readonly #range: Range
  readonly #mostBytes: number
  #filter: KeyFilter | undefined
  /** The filter has what was there before it. */
  #whole = false
  #inVain = 0
  /** How many there were at least when they were forgotten. */
  #atLeast = 0
  #reading: Promise<void> | undefined
  #closed = false

  private constructor (kv: KeyValue, range: Range, mostBytes: number) {
    this.#kv = kv
    this.#range = range
    this.#mostBytes = mostBytes
  }

  /** @param mostBytes of memory that the filter may take. */
  static async open (kv: KeyValue, collection: number, mostBytes = MOST_BYTES): Promise<KnownIds> {
    const known = new KnownIds(kv, prefixRange(prefixOf(FAMILIES.join, collection)), mostBytes)
    try {
      for await (const run of kv.iterate(known.#range, { limit: 1, values: false })) if (run.length > 0) return known
    } catch {
      return known // damage is told by whoever looks that row up
    }
    known.#filter = new KeyFilter()
    known.#whole = true
    return known
  }

  /** @returns false when there is surely no row under that key. */
  mayHave (key: Uint8Array): boolean {
    return !this.#whole || this.#filter === undefined || this.#filter.has(key)
  }

  /** Rows under these keys are about to be written. */
  add (keys: Iterable<Uint8Array>): void {
    if (this.#filter === undefined) return
    for (const key of keys) this.#filter.add(key)
    if (this.#filter.bytes > this.#mostBytes) this.#forget()
  }

  /**
   * Counts look-ups that found nothing.
   *
   * @param live items there are.
   * @returns whether it is time to read the ids: call `read` when nothing is being written.
   */
  lookedUpInVain (count: number, live: number): boolean {
    if (this.#filter !== undefined) return false
    this.#inVain += count
    const ids = Math.max(live, this.#atLeast)
    if (this.#inVain < Math.max(IN_VAIN_AT_LEAST, ids * IN_VAIN) || KeyFilter.bytesFor(ROOM * ids) > this.#mostBytes) return false
    this.#inVain = 0
    return true
  }

  /** Begins to read the ids that are there now. Those that come after are added. */
  read (live: number): void {
    if (this.#filter !== undefined || this.#closed) return
    const filter = this.#filter = new KeyFilter(ROOM * Math.max(live, this.#atLeast))
    const ids = this.#kv.iterate(this.#range, { values: false })
    this.#reading = this.#readAll(ids, filter).catch(() => { this.#forget() }) // it would only have saved time
  }

  /** Resolves when no ids are being read. */
  async idle (): Promise<void> {
    await this.#reading
  }

  /** Stops reading ids. Calling it twice is fine. */
  close (): Promise<void> {
    this.#closed = true
    return this.idle()
  }

  async #readAll (ids: AsyncIterable<readonly { readonly key: Buffer }[]>, filter: KeyFilter): Promise<void> {
    for await (const run of ids) {
      if (this.#closed || this.#filter !== filter) return
      this.add(run.map(({ key }) => key))
    }
    this.#whole = this.#filter === filter
  }

  #forget (): void {
    this.#atLeast = Math.max(this.#atLeast, this.#filter?.keys ?? 0)
    this.#filter = undefined
    this.#whole = false
  }
}
