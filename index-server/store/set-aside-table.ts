import { prefixRange, type KeyValue, type Operation } from '../../kv/key-value.js'
import type { SetAsideKey, StoredSetAside } from './collection-store.js'
import { FAMILIES, prefixOf } from './keys/families.js'
import { decodeSetAside, decodeSetAsidePlace, encodeSetAside, encodeSetAsideKey, encodeSetAsideOfKey, encodeSetAsidePlace } from './keys/set-aside-rows.js'

/** What was kept out: the newest entry of each id. Entries without an id stay all. */
export class SetAsideTable {
  readonly #kv: KeyValue
  readonly #collection: number

  constructor (kv: KeyValue, collection: number) {
    this.#kv = kv
    this.#collection = collection
  }

  /** Puts new entries into `operations`. @returns by how many the table grows. */
  async stage (entries: readonly StoredSetAside[], operations: Operation[]): Promise<number> {
    if (entries.length === 0) return 0
    const rows = await this.#kv.getMany(entries.map(entry => entry.id === '' ? encodeSetAsideKey(this.#collection, entry) : encodeSetAsideOfKey(this.#collection, entry.id)))
    const held = new Map<string, SetAsideKey | undefined>()
    entries.forEach(({ id }, i) => { if (id !== '') held.set(id, rows[i] && decodeSetAsidePlace(rows[i])) })
    let growth = 0
    for (const [i, entry] of entries.entries()) {
      const former = held.get(entry.id)
      if (former && former.partition === entry.partition && former.offset >= entry.offset) continue
      if (former) operations.push({ type: 'del', key: encodeSetAsideKey(this.#collection, former) })
      else if (entry.id !== '' || !rows[i]) growth++
      if (entry.id !== '') {
        held.set(entry.id, entry)
        operations.push({ type: 'put', key: encodeSetAsideOfKey(this.#collection, entry.id), value: encodeSetAsidePlace(entry) })
      }
      operations.push({ type: 'put', key: encodeSetAsideKey(this.#collection, entry), value: encodeSetAside(entry) })
    }
    return growth
  }

  /** Newest first: by offset, then by partition. */
  async list ({ code, after, limit }: { readonly code?: string, readonly after?: SetAsideKey, readonly limit: number }): Promise<readonly StoredSetAside[]> {
    const all = prefixRange(prefixOf(FAMILIES.setAside, this.#collection))
    // Keys are of one length, so a byte more is just behind.
    const range = after ? { ...all, gte: Buffer.concat([encodeSetAsideKey(this.#collection, after), Buffer.alloc(1)]) } : all
    const found: StoredSetAside[] = []
    for await (const run of this.#kv.iterate(range, code === undefined ? { limit } : {})) {
      for (const { value } of run) {
        const entry = decodeSetAside(value)
        if (code === undefined || entry.code === code) found.push(entry)
        if (found.length >= limit) return found
      }
    }
    return found
  }

  async of (id: string): Promise<StoredSetAside | undefined> {
    const place = await this.#kv.get(encodeSetAsideOfKey(this.#collection, id))
    const row = place && await this.#kv.get(encodeSetAsideKey(this.#collection, decodeSetAsidePlace(place)))
    return row && decodeSetAside(row)
  }
}
