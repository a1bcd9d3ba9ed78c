import { CodeWidthError } from '../../errors.js'
import { prefixRange, type KeyValue, type Operation } from '../../kv/key-value.js'
import type { Soon } from '../soon.js'
import type { AppliedPosition, CollectionStore, FilterView, ItemPositions, PartitionProgress, SetAsideKey, SourcePosition, StoreChange, StoredItem, StoredSetAside, VersionCounts } from './collection-store.js'
import type { CodeStore } from './code-store.js'
import { CollectionWriter } from './collection-writer.js'
import { ItemCache } from './item-cache.js'
import { readItems, type FoundRecord } from './item-reader.js'
import { viewOf } from './item-view.js'
import { decodeCodeRecord, encodeCodeKey, type CodeRecord } from './keys/code-record.js'
import { FAMILIES, prefixOf } from './keys/families.js'
import { decodeItemFields } from './keys/item-fields.js'
import { decodeJoinRecord, encodeJoinKey, idOfJoinKey } from './keys/join-record.js'
import { idOfLabelKey, labelPrefix } from './keys/label-key.js'
import { encodePictureKey } from './keys/picture-key.js'
import { LabelSets, type LabelQuery, type OrdinalSet } from './label-sets.js'
import type { TopicPosition } from './position-book.js'
import { SetAsideTable } from './set-aside-table.js'
import { ShownImages, type Show } from './shown-images.js'
import { topicsOfStore } from './store-name.js'
import type { VersionCodes } from './version-codes.js'

/** About 20,000 images in each of two generations, as objects: some tens of megabytes. */
const ITEMS_KEPT = 65_536

/** What a collection is opened with: `StoreDirectory` has it. */
export interface StoredCollectionOptions {
  readonly kv: KeyValue
  readonly name: string
  readonly number: number
  /** The versions there are, by the number of their tables. */
  readonly versions: Map<number, VersionCodes>
  /** Makes tables, durably, and opens them. */
  readonly makeTables: (version: string, bits: number) => Promise<readonly [number, VersionCodes]>
  /** Writes `operations` and that these tables are dropped; their rows go in the background. */
  readonly dropTables: (tables: number, codes: VersionCodes, operations: Operation[]) => Promise<void>
}

/** A `CollectionStore` on a `KeyValue`: rows as the files in `keys/` draw them. */
export class StoredCollection implements CollectionStore {
  readonly #options: StoredCollectionOptions
  readonly #kv: KeyValue
  readonly #number: number
  readonly #versions: Map<number, VersionCodes>
  #names: readonly string[]
  readonly #writer: CollectionWriter
  readonly #setAside: SetAsideTable
  readonly #known: ItemCache
  readonly #shown = new ShownImages(async (tables, ordinals) => this.#read((await this.#codeRecords(tables, ordinals)).map(record => record?.id)))
  readonly #labels = new LabelSets({ labelled: label => this.labelled(label), viewsOf: (tables, ids) => this.#viewsOf(tables, ids) })

  private constructor (options: StoredCollectionOptions, writer: CollectionWriter, known: ItemCache) {
    this.#known = known
    this.#options = options
    this.#kv = options.kv
    this.#number = options.number
    this.#versions = options.versions
    this.#names = namesOf(options.versions)
    this.#writer = writer
    this.#setAside = new SetAsideTable(options.kv, options.number)
  }

  static async open (options: StoredCollectionOptions): Promise<StoredCollection> {
    const { kv, name, number, versions } = options
    const known = new ItemCache(ITEMS_KEPT)
    const writer = await CollectionWriter.open(kv, name, number, versions, (ids, ordinals) => {
      known.forget(ids)
      collection.#shown.forget(ids, ordinals)
      collection.#labels.changed(ids)
    })
    const collection = new StoredCollection(options, writer, known)
    return collection
  }

  get name (): string {
    return this.#options.name
  }

  get setAsideCount (): number {
    return this.#writer.counts.setAside
  }

  async positions (topic: string): Promise<ReadonlyMap<number, AppliedPosition>> {
    return this.#writer.positions.of(topic)
  }

  apply (changes: readonly StoreChange[], position: TopicPosition): Promise<void> {
    return this.#writer.apply(changes, position)
  }

  addVersion (version: string, bits: number): Promise<void> {
    return this.#writer.inTurn(async () => {
      const held = this.#versions.get(this.#tablesOf(version) ?? NaN)
      if (held && held.disk.bits !== bits) throw new CodeWidthError(held.disk.bits, bits)
      if (held) return
      const [tables, codes] = await this.#options.makeTables(version, bits)
      this.#versions.set(tables, codes)
      this.#names = namesOf(this.#versions)
      this.#known.clear()
    })
  }

  dropVersion (version: string): Promise<void> {
    return this.#writer.inTurn(async () => {
      const tables = this.#tablesOf(version)
      if (tables === undefined) return
      const { progress, positions } = this.#writer
      const topic = topicsOfStore(this.name).codes(version)
      const operations: Operation[] = []
      progress.stageForgetting(tables, operations)
      positions.stageForgetting(topic, operations)
      await this.#options.dropTables(tables, this.#versions.get(tables)!, operations)
      this.#versions.delete(tables)
      this.#names = namesOf(this.#versions)
      this.#known.clear()
      this.#shown.drop(tables)
      this.#labels.clear()
      progress.forget(tables)
      positions.forget(topic)
    })
  }

  versions (): readonly string[] {
    return this.#names
  }

  codes (version: string): CodeStore {
    return this.#open(version).front
  }

  item (id: string): Soon<StoredItem | undefined> {
    return this.#known.item(id) ?? this.#items([id]).then(([item]) => item)
  }

  async itemsOf (version: string, ordinals: readonly number[]): Promise<(StoredItem | undefined)[]> {
    const tables = this.#writer.tablesOf(version)
    const ids = ordinals.map(ordinal => this.#known.id(tables, ordinal))
    const missing = ordinals.filter((_, i) => ids[i] === undefined)
    if (missing.length === 0) return this.#items(ids)
    const found = (await this.#codeRecords(tables, missing)).map(record => record?.id)
    this.#known.addIds(tables, missing, found)
    let next = 0
    return this.#items(ids.map(id => id ?? found[next++]))
  }

  shownOf (version: string, ordinals: readonly number[], show: Show): Soon<readonly (Uint8Array | undefined)[]> {
    return this.#shown.of(this.#writer.tablesOf(version), ordinals, show)
  }

  positionsOf (version: string, ordinals: ArrayLike<number>): Soon<ItemPositions> {
    return this.#open(version).positions.of(ordinals)
  }

  async detailsOf (version: string, ordinals: readonly number[]): Promise<(Uint8Array | undefined)[]> {
    const records = await this.#codeRecords(this.#writer.tablesOf(version), ordinals)
    return records.map(record => record?.detail)
  }

  removedSince (version: string, sequence: number): Iterable<number> {
    const { disk, front } = this.#open(version)
    const ago = front.sequence - sequence // both are told of each change, but need not have begun to count together
    return disk.removedSince(disk.sequence - ago)
  }

  async * views (version: string): AsyncGenerator<readonly FilterView[], void> {
    const tables = this.#writer.tablesOf(version)
    for await (const run of this.#kv.iterate(prefixRange(prefixOf(FAMILIES.join, this.#number)))) {
      yield run.map(({ value }) => viewOf(decodeJoinRecord(value), tables)).filter(view => view !== undefined)
    }
  }

  viewsOf (version: string, ids: readonly string[]): Promise<(FilterView | undefined)[]> {
    return this.#viewsOf(this.#writer.tablesOf(version), ids)
  }

  labelledOrdinals (version: string, labels: LabelQuery, most: number, signal: AbortSignal | undefined): Promise<OrdinalSet | undefined> {
    return this.#labels.of(this.#writer.tablesOf(version), labels, most, signal)
  }

  async #viewsOf (tables: number, ids: readonly string[]): Promise<(FilterView | undefined)[]> {
    const rows = await this.#kv.getMany(ids.map(id => encodeJoinKey(this.#number, id)))
    return rows.map(row => row && viewOf(decodeJoinRecord(row), tables))
  }

  async * labelled (label: string): AsyncGenerator<readonly string[], void> {
    for await (const run of this.#kv.iterate(prefixRange(labelPrefix(this.#number, label)), { values: false })) yield run.map(({ key }) => idOfLabelKey(key))
  }

  picture (id: string): Promise<Buffer | undefined> {
    return this.#kv.get(encodePictureKey(this.#number, id))
  }

  async * items (after?: string): AsyncGenerator<readonly StoredItem[], void> {
    const all = prefixRange(prefixOf(FAMILIES.join, this.#number))
    // With a byte more than the key of `after` the range begins just behind it.
    const range = after === undefined ? all : { ...all, gte: Buffer.concat([encodeJoinKey(this.#number, after), Buffer.alloc(1)]) }
    for await (const run of this.#kv.iterate(range)) {
      const items = await readItems(this.#kv, this.#versions, run.map(({ key, value }) => ({ id: idOfJoinKey(key), record: decodeJoinRecord(value) })))
      const live = items.filter(item => item !== undefined)
      if (live.length > 0) yield live
    }
  }

  async sourceOf (id: string): Promise<SourcePosition | undefined> {
    const row = await this.#kv.get(encodeJoinKey(this.#number, id))
    if (!row) return undefined
    const { item, goneSource } = decodeJoinRecord(row)
    return item ? decodeItemFields(item).source : goneSource
  }

  counts (version: string): VersionCounts {
    const { live } = this.#writer.counts
    const { coded, refused } = this.#open(version).counts
    return { live, coded, setAside: refused, waiting: live - coded - refused }
  }

  progress (version: string): ReadonlyMap<number, PartitionProgress> {
    return this.#writer.progress.settled(this.#writer.tablesOf(version))
  }

  setAside (query: { readonly code?: string, readonly after?: SetAsideKey, readonly limit: number }): Promise<readonly StoredSetAside[]> {
    return this.#setAside.list(query)
  }

  setAsideOf (id: string): Promise<StoredSetAside | undefined> {
    return this.#setAside.of(id)
  }

  beginSweep (topic: string, partition: number): Promise<void> {
    return this.#writer.beginSweep(topic, partition)
  }

  endSweep (topic: string, partition: number): Promise<void> {
    return this.#writer.endSweep(topic, partition)
  }

  /** Waits for what is being written, and for searches under way. Calling it twice is fine. */
  async close (): Promise<void> {
    await this.#writer.close()
    await this.#writer.inTurn(async () => {
      for (const { disk, front } of this.#versions.values()) {
        if (front !== disk) await front.close?.()
        await disk.close()
      }
    })
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  /** The records behind ordinals, also those that were removed a moment ago: a page of an older moment may show them. */
  async #codeRecords (tables: number, ordinals: readonly number[]): Promise<(CodeRecord | undefined)[]> {
    const { disk } = this.#versions.get(tables)!
    const rows = await this.#kv.getMany(ordinals.map(ordinal => encodeCodeKey(tables, ordinal)))
    return rows.map((row, i) => row ? decodeCodeRecord(row) : disk.removedRecord(ordinals[i]!))
  }

  async #items (ids: readonly (string | undefined)[]): Promise<(StoredItem | undefined)[]> {
    const items = ids.map(id => id === undefined ? undefined : this.#known.item(id))
    const missing = ids.filter((id, i): id is string => id !== undefined && items[i] === undefined)
    if (missing.length === 0) return items
    const read = new Map<string, StoredItem>()
    const lookUp = this.#known.begin()
    try {
      for (const item of await this.#read(missing)) if (item !== undefined) read.set(item.id, item)
    } finally {
      this.#known.end(lookUp, [...read.values()])
    }
    return items.map((item, i) => item ?? read.get(ids[i] ?? ''))
  }

  /** The items of ids, from disk. */
  async #read (ids: readonly (string | undefined)[]): Promise<(StoredItem | undefined)[]> {
    const known = ids.filter(id => id !== undefined)
    const rows = await this.#kv.getMany(known.map(id => encodeJoinKey(this.#number, id)))
    const records = rows.map((row, i): FoundRecord | undefined => row && { id: known[i]!, record: decodeJoinRecord(row) })
    const items = await readItems(this.#kv, this.#versions, records)
    let next = 0
    return ids.map(id => id === undefined ? undefined : items[next++])
  }

  #tablesOf (version: string): number | undefined {
    return Array.from(this.#versions).find(([, codes]) => codes.version === version)?.[0]
  }

  #open (version: string): VersionCodes {
    return this.#versions.get(this.#writer.tablesOf(version))!
  }
}

function namesOf (versions: ReadonlyMap<number, VersionCodes>): readonly string[] {
  return Array.from(versions.values(), ({ version }) => version)
}
