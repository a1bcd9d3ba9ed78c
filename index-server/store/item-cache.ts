import type { StoredItem } from './collection-store.js'

/** What is looked up for an answer, and what changed meanwhile: that was read too early to be kept. */
export interface LookUp {
  readonly changed: Set<string>
}

interface Generation {
  readonly items: Map<string, StoredItem>
  /** Ids of ordinals, by the number of their tables. */
  readonly ids: Map<number, Map<number, string>>
  weight: number
}

/**
 * The images shown last, by id, and which image an ordinal stands for, so that what is often found is not read and
 * decoded each time. Two generations: when the younger is full it becomes the elder, and what the elder held, and nobody
 * has asked for since, is forgotten.
 *
 * An ordinal stands for one image for ever. An item changes: whoever writes it says so (`forget`).
 */
export class ItemCache {
  readonly #most: number
  #young = generation()
  #old = generation()
  readonly #lookUps = new Set<LookUp>()

  /** @param most about how many quarters of a KiB make a generation full. */
  constructor (most: number) {
    this.#most = most
  }

  item (id: string): StoredItem | undefined {
    const item = this.#young.items.get(id)
    if (item !== undefined) return item
    const elder = this.#old.items.get(id)
    if (elder !== undefined) this.#keep(elder)
    return elder
  }

  id (tables: number, ordinal: number): string | undefined {
    const id = this.#young.ids.get(tables)?.get(ordinal)
    if (id !== undefined) return id
    const elder = this.#old.ids.get(tables)?.get(ordinal)
    if (elder !== undefined) this.#keepId(tables, ordinal, elder)
    return elder
  }

  /** Call before reading, and `end` after it, whatever came of it. */
  begin (): LookUp {
    const lookUp = { changed: new Set<string>() }
    this.#lookUps.add(lookUp)
    return lookUp
  }

  /** Keeps what was read, but for what has changed since it began. */
  end (lookUp: LookUp, items: readonly (StoredItem | undefined)[]): void {
    if (!this.#lookUps.delete(lookUp)) return
    for (const item of items) if (item !== undefined && !lookUp.changed.has(item.id)) this.#keep(item)
  }

  addIds (tables: number, ordinals: readonly number[], ids: readonly (string | undefined)[]): void {
    for (const [i, id] of ids.entries()) if (id !== undefined) this.#keepId(tables, ordinals[i]!, id)
  }

  /** These have changed, durably. */
  forget (ids: Iterable<string>): void {
    for (const id of ids) {
      this.#young.items.delete(id)
      this.#old.items.delete(id)
      for (const { changed } of this.#lookUps) changed.add(id)
    }
  }

  /** Versions have come or gone: all items look different. What is being read is not kept either. */
  clear (): void {
    this.#young = generation()
    this.#old = generation()
    this.#lookUps.clear()
  }

  #keep (item: StoredItem): void {
    this.#turn(weightOf(item))
    this.#young.items.set(item.id, item)
  }

  #keepId (tables: number, ordinal: number, id: string): void {
    this.#turn(1)
    let ids = this.#young.ids.get(tables)
    if (ids === undefined) this.#young.ids.set(tables, ids = new Map())
    ids.set(ordinal, id)
  }

  #turn (weight: number): void {
    if (this.#young.weight >= this.#most) {
      this.#old = this.#young
      this.#young = generation()
    }
    this.#young.weight += weight
  }
}

/** In about 256 bytes: most images have an address and few metadata. */
function weightOf ({ uri, metadata }: StoredItem): number {
  let length = uri.length
  for (const name in metadata) length += name.length + metadata[name]!.length
  return 2 + (length >> 8)
}

function generation (): Generation {
  return { items: new Map(), ids: new Map(), weight: 0 }
}
