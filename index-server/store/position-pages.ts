import type { KeyValue } from '../../kv/key-value.js'
import type { Soon } from '../soon.js'
import type { ItemPositions } from './collection-store.js'
import { encodePageKey } from './keys/page-rows.js'
import type { VersionTables } from './version-tables.js'

/** Most pages kept: 8 KiB each. */
const KEPT_PAGES = 4096

/** Which item each code was made from, read page by page; pages never change, so those last read are kept. */
export class PositionPages {
  readonly #kv: KeyValue
  readonly #tables: VersionTables
  /** In the order they were read. */
  readonly #pages = new Map<number, Buffer>()

  constructor (tables: VersionTables) {
    this.#kv = tables.kv
    this.#tables = tables
  }

  /** Of codes that were ever given an ordinal, removed ones too. */
  of (ordinals: ArrayLike<number>): Soon<ItemPositions> {
    return this.#positions(ordinals, page => this.#kept(page)) ?? this.#read(ordinals)
  }

  /** @returns undefined when one of the pages is not there. */
  #positions (ordinals: ArrayLike<number>, pageOf: (page: number) => Buffer | undefined): ItemPositions | undefined {
    const { pageCodes } = this.#tables.shape
    const partitions: number[] = []
    const offsets: number[] = []
    for (let i = 0; i < ordinals.length; i++) {
      const page = pageOf(Math.floor(ordinals[i]! / pageCodes))
      if (page === undefined) return undefined
      const at = (ordinals[i]! % pageCodes) * 8
      partitions.push((page[at]! << 8) | page[at + 1]!)
      offsets.push(((page[at + 2]! << 8) | page[at + 3]!) * 2 ** 32 + page[at + 4]! * 2 ** 24 + ((page[at + 5]! << 16) | (page[at + 6]! << 8) | page[at + 7]!))
    }
    return { partitions, offsets }
  }

  #kept (page: number): Buffer | undefined {
    const { fullPages, tail } = this.#tables
    return page >= fullPages ? tail.positions : this.#pages.get(page)
  }

  async #read (ordinals: ArrayLike<number>): Promise<ItemPositions> {
    const found = new Map<number, Buffer>()
    const missing: number[] = []
    const { fullPages, shape } = this.#tables
    // Those at hand are held on to: they may be let go meanwhile.
    for (const page of new Set(Array.from(ordinals, ordinal => Math.floor(ordinal / shape.pageCodes)))) {
      const kept = this.#kept(page)
      if (kept) found.set(page, kept)
      else missing.push(page)
    }
    const rows = await this.#kv.getMany(missing.map(page => encodePageKey('positionPage', shape.number, page)))
    for (let i = 0; i < missing.length; i++) found.set(missing[i]!, rows[i]!)
    for (const page of missing) if (page < fullPages) this.#pages.set(page, found.get(page)!)
    for (const page of this.#pages.keys()) {
      if (this.#pages.size <= KEPT_PAGES) break
      this.#pages.delete(page)
    }
    return this.#positions(ordinals, page => found.get(page))!
  }
}
