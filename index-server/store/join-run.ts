import type { KeyValue, Operation } from '../../kv/key-value.js'
import { labelsOf } from './item-view.js'
import { join, isOfThisLife, isSearchable, type JoinChange } from './join.js'
import { decodeCodeRecord, encodeCodeKey, type CodeRecord } from './keys/code-record.js'
import { decodeJoinRecord, encodeJoinKey, encodeJoinRecord, type CodeEntry, type JoinRecord } from './keys/join-record.js'
import { encodeLabelKey } from './keys/label-key.js'
import { encodePictureKey } from './keys/picture-key.js'
import type { TablesOrdinal } from './shown-rows.js'
import type { VersionCodes } from './version-codes.js'

interface Touched {
  readonly id: string
  readonly key: Buffer
  before: JoinRecord | undefined
  after: JoinRecord | undefined
  /** Of the newest item of the run. */
  picture: Uint8Array | undefined
  /** Of the newest item of the run: its record has them too, where they would have to be read. */
  itemLabels: readonly string[] | undefined
  /** What was searchable before, and is not any more. */
  ceasing: readonly Coded[]
  /** What is written: `null` for none, `undefined` when it stays. */
  row: Buffer | null | undefined
}

/** What a run does to one version's tables, and by how much it moves the counts. */
export interface VersionChange {
  readonly tables: number
  readonly version: VersionCodes
  /** The first ordinal for what is added. */
  readonly first: number
  readonly added: CodeRecord[]
  readonly removals: { readonly ordinal: number, readonly record: CodeRecord }[]
  coded: number
  refused: number
}

/** A change that is about one version. */
export type VersionedChange = Extract<JoinChange, { version: string }>

type Coded = Extract<CodeEntry, { kind: 'coded' }>

/**
 * A run of changes on its way: folds each id's changes into its record, then derives from the records before and after
 * what becomes searchable, what ceases to be, and how the counts move. Nothing but its own state changes.
 */
export class JoinRun {
  readonly #collection: number
  readonly #versions: ReadonlyMap<number, VersionCodes>
  readonly #touched = new Map<string, Touched>()
  /** What each change is about. */
  readonly #order: Touched[] = []
  readonly #changes = new Map<number, VersionChange>()
  /** By how much the count of live items moves. */
  live = 0

  /** @param versions by the number of their tables. */
  constructor (collection: number, versions: ReadonlyMap<number, VersionCodes>) {
    this.#collection = collection
    this.#versions = versions
  }

  get changes (): Iterable<VersionChange> {
    return this.#changes.values()
  }

  /** What is written under each id, once `settle` is done: `null` for none. */
  * rows (): Generator<readonly [id: string, row: Buffer | null], void> {
    for (const { id, row } of this.#touched.values()) if (row !== undefined) yield [id, row]
  }

  /** Under which keys something is written where nothing was. */
  newKeys (): Buffer[] {
    return Array.from(this.#touched.values()).filter(({ before, row }) => !before && row).map(({ key }) => key)
  }

  /** Under which ids something else is written. */
  changedIds (): string[] {
    return Array.from(this.rows(), ([id]) => id)
  }

  /** Under which ordinals those ids were found. */
  changedOrdinals (): TablesOrdinal[] {
    const ordinals: TablesOrdinal[] = []
    for (const { before, row } of this.#touched.values()) {
      if (row === undefined || !before) continue
      for (const entry of before.codes) if (entry.kind === 'coded') ordinals.push([entry.tables, entry.ordinal])
    }
    return ordinals
  }

  /**
   * Looks up what is known of the ids that changes are about, all at once.
   *
   * @param atHand what need not be looked up: `null` when it is known that there is nothing.
   * @returns how many were looked up in vain.
   */
  async begin (changes: readonly JoinChange[], kv: KeyValue, atHand: (id: string, key: Buffer) => Buffer | null | undefined): Promise<number> {
    const missing: Touched[] = []
    for (const { id } of changes) {
      const known = this.#touched.get(id)
      if (known) {
        this.#order.push(known)
        continue
      }
      const key = encodeJoinKey(this.#collection, id)
      const row = atHand(id, key)
      const before = row ? decodeJoinRecord(row) : undefined
      const touched = { id, key, before, after: before, picture: undefined, itemLabels: undefined, ceasing: NONE, row: undefined }
      this.#touched.set(id, touched)
      this.#order.push(touched)
      if (row === undefined) missing.push(touched)
    }
    if (missing.length === 0) return 0
    let inVain = 0
    const rows = await kv.getMany(missing.map(({ key }) => key))
    for (let i = 0; i < missing.length; i++) {
      const row = rows[i]
      if (row) missing[i]!.before = missing[i]!.after = decodeJoinRecord(row)
      else inVain++
    }
    return inVain
  }

  /**
   * Folds the changes that the run was begun with, in order.
   *
   * @param partition of those that do not say theirs.
   * @param tablesFor the tables of the version that a change is about.
   */
  fold (changes: readonly JoinChange[], partition: number, tablesFor: (change: VersionedChange) => number): void {
    for (let i = 0; i < changes.length; i++) {
      const change = changes[i]!
      const touched = this.#order[i]!
      const { after } = touched
      touched.after = join(after, change, 'partition' in change ? change.partition : partition, 'version' in change ? tablesFor(change) : 0)
      if (change.kind === 'item' && touched.after !== after) {
        touched.picture = change.picture
        touched.itemLabels = change.item.labels
      }
    }
  }

  /**
   * Puts into `operations` what the run writes of ids and their pictures; `changes` has what the tables have to write.
   *
   * @param durable resolves when all runs before this one are on disk.
   */
  async settle (kv: KeyValue, operations: Operation[], durable: () => Promise<void>): Promise<void> {
    for (const touched of this.#touched.values()) touched.ceasing = this.#ceasing(touched)
    const entries = Array.from(this.#touched.values(), ({ ceasing }) => ceasing).flat().filter(({ detailed }) => detailed)
    if (entries.length > 0) await durable()
    const rows = entries.length === 0 ? [] : await kv.getMany(entries.map(({ tables, ordinal }) => encodeCodeKey(tables, ordinal)))
    const details = new Map(entries.map((entry, i) => [entry, rows[i] && decodeCodeRecord(rows[i]).detail]))
    for (const touched of this.#touched.values()) {
      if (touched.after === touched.before) continue
      this.#removeEntries(touched, details)
      this.#putLabels(touched, operations)
      const after = touched.after && this.#numberEntries(touched.id, touched.after, details)
      this.#count(touched.before, -1)
      this.#count(after, 1)
      const row = after && encodeJoinRecord(after)
      operations.push(row ? { type: 'put', key: touched.key, value: row } : { type: 'del', key: touched.key })
      touched.row = row ?? null
      const key = touched.picture || touched.before?.picture ? encodePictureKey(this.#collection, touched.id) : undefined
      if (after?.picture && touched.picture) operations.push({ type: 'put', key: key!, value: touched.picture })
      else if (touched.before?.picture && !after?.picture) operations.push({ type: 'del', key: key! })
    }
  }

  #ceasing ({ before, after }: Touched): readonly Coded[] {
    if (!before || before === after || before.codes.length === 0) return NONE
    return before.codes.filter((entry): entry is Coded =>
      entry.kind === 'coded' && this.#versions.has(entry.tables) && !(after?.codes.includes(entry) && isSearchable(after, entry)))
  }

  #removeEntries (touched: Touched, details: ReadonlyMap<Coded, Uint8Array | undefined>): void {
    for (const entry of touched.ceasing) {
      const { tables, ordinal, code, itemOffset } = entry
      const record = { id: touched.id, partition: touched.before!.partition, itemOffset, code, detail: details.get(entry) }
      this.#change(tables).removals.push({ ordinal, record })
    }
  }

  /** The rows of labels follow what a live image has: nothing is to be done when only codes came. */
  #putLabels ({ id, before, after, itemLabels }: Touched, operations: Operation[]): void {
    if (before?.item === after?.item && before?.labels === after?.labels) return
    const had = new Set(before && labelsOf(before))
    const has = new Set(after && (after.state === 'live' && after.labels === undefined && itemLabels !== undefined ? itemLabels : labelsOf(after)))
    for (const label of had) if (!has.has(label)) operations.push({ type: 'del', key: encodeLabelKey(this.#collection, label, id) })
    for (const label of has) if (!had.has(label)) operations.push({ type: 'put', key: encodeLabelKey(this.#collection, label, id), value: A_BYTE })
  }

  /** Gives ordinals to codes that have become searchable, takes them from those that are not, forgets dropped versions. */
  #numberEntries (id: string, record: JoinRecord, details: ReadonlyMap<Coded, Uint8Array | undefined>): JoinRecord {
    const codes: CodeEntry[] = []
    for (const entry of record.codes) {
      if (!this.#versions.has(entry.tables)) continue
      const searchable = isSearchable(record, entry)
      const { tables, itemOffset } = entry
      if (entry.kind === 'waiting' && searchable) {
        const { code, detail } = entry
        const { added, first } = this.#change(tables)
        const ordinal = first + added.length
        added.push({ id, partition: record.partition, itemOffset, code, detail })
        codes.push({ kind: 'coded', tables, itemOffset, ordinal, code, detailed: detail !== undefined })
      } else if (entry.kind === 'coded' && !searchable) {
        codes.push({ kind: 'waiting', tables, itemOffset, code: entry.code, detail: details.get(entry) })
      } else {
        codes.push(entry)
      }
    }
    return { ...record, codes }
  }

  #count (record: JoinRecord | undefined, by: number): void {
    if (record?.state !== 'live') return
    this.live += by
    for (const entry of record.codes) {
      if (!this.#versions.has(entry.tables) || !isOfThisLife(record, entry)) continue
      const change = this.#change(entry.tables)
      if (entry.kind === 'refused') change.refused += by
      else change.coded += by
    }
  }

  #change (tables: number): VersionChange {
    let change = this.#changes.get(tables)
    if (!change) {
      const version = this.#versions.get(tables)!
      this.#changes.set(tables, change = { tables, version, first: version.staged.next, added: [], removals: [], coded: 0, refused: 0 })
    }
    return change
  }
}

const NONE: readonly Coded[] = []
const A_BYTE = Buffer.of(1)
