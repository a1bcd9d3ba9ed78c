import type { KeyValue } from '../../kv/key-value.js'
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
  async of (ordinals: ArrayLike<number>): Promise<ItemPositions> {
    const { pageCodes } = this.#tables.shape
    const pages = await this.#read(new Set(Array.from(ordinals, ordinal => Math.floor(ordinal / pageCodes))))
    const positions = { partitions: new Uint16Array(ordinals.length), offsets: new Float64Array(ordinals.length) }
    for (let i = 0; i < ordinals.length; i++) {
      const page = pages.get(Math.floor(ordinals[i]! / pageCodes))!
      const at = (ordinals[i]! % pageCodes) * 8
      positions.partitions[i] = page.readUInt16BE(at)
      positions.offsets[i] = page.readUIntBE(at + 2, 6)
    }
    return positions
  }

  async #read (wanted: ReadonlySet<number>): Promise<ReadonlyMap<number, Buffer>> {
    const found = new Map<number, Buffer>()
    const missing: number[] = []
    const { fullPages, tail, shape } = this.#tables
    for (const page of wanted) {
      const kept = page >= fullPages ? tail.positions : this.#pages.get(page)
      if (kept) found.set(page, kept)
      else missing.push(page)
    }
    const rows = missing.length === 0 ? [] : await this.#kv.getMany(missing.map(page => encodePageKey('positionPage', shape.number, page)))
    for (let i = 0; i < missing.length; i++) found.set(missing[i]!, rows[i]!)
    for (const page of missing) if (page < fullPages) this.#pages.set(page, found.get(page)!)
    for (const page of this.#pages.keys()) {
      if (this.#pages.size <= KEPT_PAGES) break
      this.#pages.delete(page)
    }
    return found
  }
}
