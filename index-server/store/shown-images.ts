import type { Soon } from '../soon.js'
import type { StoredItem } from './collection-store.js'
import { ShownRows, type ShownRow, type TablesOrdinal } from './shown-rows.js'

/** Makes of an image what it is shown as under a code. */
export type Show = (item: StoredItem, ordinal: number) => Uint8Array

/** What is kept of images shown lately: about a million where they have few metadata. */
const SHOWN_BYTES = 128 * 2 ** 20

/** What the images behind ordinals are shown as: kept, or read and made. */
export class ShownImages {
  readonly #rows = new ShownRows(SHOWN_BYTES)
  readonly #read: (tables: number, ordinals: readonly number[]) => Promise<readonly (StoredItem | undefined)[]>

  /** @param read gives the images behind ordinals, as they are on disk. */
  constructor (read: (tables: number, ordinals: readonly number[]) => Promise<readonly (StoredItem | undefined)[]>) {
    this.#read = read
  }

  /** As `CollectionStore.shownOf` has it. */
  of (tables: number, ordinals: readonly number[], show: Show): Soon<readonly (Uint8Array | undefined)[]> {
    const rows: Uint8Array[] = []
    for (const ordinal of ordinals) {
      const row = this.#rows.row(tables, ordinal)
      if (row === undefined) return this.#make(tables, ordinals, show)
      rows.push(row)
    }
    return rows
  }

  /** Images have changed, durably, that stand under these ordinals, or stood. */
  forget (ids: Iterable<string>, ordinals: Iterable<TablesOrdinal>): void {
    this.#rows.forget(ids, ordinals)
  }

  /** Tables are gone. */
  drop (tables: number): void {
    this.#rows.drop(tables)
  }

  async #make (tables: number, ordinals: readonly number[], show: Show): Promise<readonly (Uint8Array | undefined)[]> {
    const rows = ordinals.map(ordinal => this.#rows.row(tables, ordinal)?.slice())
    const missing = ordinals.filter((_, i) => rows[i] === undefined)
    const made: ShownRow[] = []
    const showing = this.#rows.begin()
    try {
      const items = await this.#read(tables, missing)
      for (const [i, ordinal] of missing.entries()) {
        const item = items[i]
        if (item !== undefined) made.push({ ordinal, id: item.id, bytes: show(item, ordinal) })
      }
    } finally {
      this.#rows.end(showing, tables, made)
    }
    const found = new Map(made.map(({ ordinal, bytes }) => [ordinal, bytes]))
    return rows.map((row, i) => row ?? found.get(ordinals[i]!))
  }
}
