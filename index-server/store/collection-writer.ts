import { CodeWidthError, HammingbirdError } from '../../errors.js'
import { prefixRange, type KeyValue, type Operation } from '../../kv/key-value.js'
import { topicsOf } from '../../topics/names.js'
import type { StoreChange, StoredSetAside } from './collection-store.js'
import type { JoinChange } from './join.js'
import { JoinRun, type VersionChange } from './join-run.js'
import { decodeItemCounts, encodeCodeCounts, encodeCodeCountsKey, encodeItemCounts, encodeItemCountsKey, type ItemCounts } from './keys/count-rows.js'
import { FAMILIES, prefixOf } from './keys/families.js'
import { decodeJoinRecord, encodeJoinKey } from './keys/join-record.js'
import type { ProgressKey, SourceProgress } from './keys/progress-row.js'
import { encodeSeenKey, seenPrefix, type Swept } from './keys/seen-key.js'
import { PositionBook, type TopicPosition } from './position-book.js'
import { ITEMS, ProgressBook } from './progress-book.js'
import { RecordCache } from './record-cache.js'
import { SetAsideTable } from './set-aside-table.js'
import { sweptChange, unseen } from './sweep.js'
import type { VersionCodes } from './version-codes.js'

/** Records kept at hand: an item's codes follow it within moments. */
const CACHED_RECORDS = 20_000
/** What a sweep found missing is dropped in runs of so many. */
const SWEEP_RUN = 1000

/** A run of changes, sorted by what they are about. */
interface Run {
  readonly partition: number
  readonly position: TopicPosition | undefined
  readonly joins: JoinChange[]
  readonly progresses: (ProgressKey & SourceProgress)[]
  readonly setAside: StoredSetAside[]
  /** By id, whether the sweep under way has met it: a tombstone takes that back. */
  readonly met: Map<string, boolean>
}

/**
 * The writing side of a collection. A run of changes becomes one write: one look-up of all ids it touches, the join, one
 * batch of operations; when that is durable, memory follows. One run at a time; a run that fails has changed nothing.
 */
export class CollectionWriter {
  readonly #kv: KeyValue
  readonly #name: string
  readonly #number: number
  readonly #versions: ReadonlyMap<number, VersionCodes>
  readonly #setAside: SetAsideTable
  readonly #records = new RecordCache(CACHED_RECORDS)
  readonly positions: PositionBook
  readonly progress: ProgressBook
  #counts: ItemCounts
  #last: Promise<unknown> = Promise.resolve()

  private constructor (kv: KeyValue, name: string, number: number, versions: ReadonlyMap<number, VersionCodes>, positions: PositionBook, progress: ProgressBook, counts: ItemCounts) {
    this.#kv = kv
    this.#name = name
    this.#number = number
    this.#versions = versions
    this.#setAside = new SetAsideTable(kv, number)
    this.positions = positions
    this.progress = progress
    this.#counts = counts
  }

  /** @param versions by the number of their tables; whoever owns it adds and takes away, in turn (`inTurn`). */
  static async open (kv: KeyValue, name: string, number: number, versions: ReadonlyMap<number, VersionCodes>): Promise<CollectionWriter> {
    // Sweeps that did not end before are begun anew by whoever reads the topic: their positions stood still.
    await kv.clear(prefixRange(prefixOf(FAMILIES.seen, number)))
    const counts = decodeItemCounts(await kv.get(encodeItemCountsKey(number)))
    return new CollectionWriter(kv, name, number, versions, await PositionBook.open(kv, number), await ProgressBook.open(kv, number), counts)
  }

  get counts (): ItemCounts {
    return this.#counts
  }

  apply (changes: readonly StoreChange[], position: TopicPosition): Promise<void> {
    return this.inTurn(() => {
      const { topic, partition } = position
      const swept = this.positions.isSwept(topic, partition) ? this.#swept(topic) : undefined
      return this.#write(this.#sort(this.positions.isPast(position) ? [] : changes, position), swept)
    })
  }

  beginSweep (topic: string, partition: number): Promise<void> {
    const swept = this.#swept(topic)
    return this.inTurn(async () => {
      await this.#kv.clear(prefixRange(seenPrefix(this.#number, swept, partition)))
      this.positions.beginSweep(topic, partition)
    })
  }

  async endSweep (topic: string, partition: number): Promise<void> {
    const swept = this.#swept(topic)
    for await (const ids of unseen(this.#kv, this.#number, swept, partition, SWEEP_RUN)) {
      const version = typeof swept === 'number' ? this.#versions.get(swept)?.version ?? '' : ''
      const joins = ids.map(id => sweptChange(id, swept, version))
      await this.inTurn(() => this.#write({ partition, position: undefined, joins, progresses: [], setAside: [], met: new Map() }, undefined))
    }
    await this.inTurn(async () => {
      const reached = this.positions.endSweep(topic, partition)
      if (reached) await this.#write(this.#sort([], reached), undefined)
      await this.#kv.clear(prefixRange(seenPrefix(this.#number, swept, partition)))
    })
  }

  /** Runs what changes the collection when all before it has ended. */
  inTurn<T> (work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => undefined)
    return turn
  }

  /** The number of a version's tables. */
  tablesOf (version: string): number {
    for (const [tables, codes] of this.#versions) if (codes.version === version) return tables
    throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `collection ${this.#name} has no tables for version ${version}`)
  }

  #swept (topic: string): Swept {
    const topics = topicsOf(this.#name)
    if (topic === topics.items) return 'items'
    if (topic === topics.labels) return 'labels'
    for (const [tables, { version }] of this.#versions) if (topic === topics.codes(version)) return tables
    throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `${topic} is no compacted topic that collection ${this.#name} keeps`)
  }

  #sort (changes: readonly StoreChange[], position: TopicPosition): Run {
    const run: Run = { partition: position.partition, position, joins: [], progresses: [], setAside: [], met: new Map() }
    for (const change of changes) {
      switch (change.kind) {
        case 'progress': {
          const { version, partition, sourcePartition, next, publishedAtMs } = change
          run.progresses.push({ tables: version === undefined ? ITEMS : this.tablesOf(version), partition, sourcePartition, next, publishedAtMs })
          break
        }
        case 'set-aside': run.setAside.push(change.entry)
          break
        case 'code-gone': run.met.set(change.id, false)
          break
        default:
          run.joins.push(change)
          run.met.set(change.id, !(change.kind === 'item-gone' || (change.kind === 'labels' && change.labels === null)))
      }
    }
    return run
  }

  async #write ({ partition, position, joins, progresses, setAside, met }: Run, swept: Swept | undefined): Promise<void> {
    const operations: Operation[] = []
    const join = await this.#join(joins, partition, operations)
    const growth = await this.#setAside.stage(setAside, operations)
    const ahead = this.progress.stage(progresses, operations)
    const reached = position && this.positions.stage(position, operations)
    if (swept !== undefined) for (const [id, there] of met) operations.push(seenOperation(encodeSeenKey(this.#number, swept, partition, id), there))
    const counts = { live: this.#counts.live + join.live, setAside: this.#counts.setAside + growth }
    if (join.live !== 0 || growth !== 0) operations.push({ type: 'put', key: encodeItemCountsKey(this.#number), value: encodeItemCounts(counts) })
    for (const change of join.changes) stageVersion(change, this.tablesOf(change.version.version), operations)
    try {
      if (operations.length > 0) await this.#kv.write(operations)
    } catch (err) {
      for (const { version } of join.changes) version.disk.abandon()
      throw err
    }
    this.#counts = counts
    for (const [id, row] of join.rows) this.#records.set(id, row)
    this.progress.commit(ahead)
    if (reached) this.positions.commit(reached)
    for (const change of join.changes) commitVersion(change)
  }

  async #join (changes: readonly JoinChange[], partition: number, operations: Operation[]): Promise<JoinRun> {
    const run = new JoinRun(this.#number, this.#versions)
    const missing: string[] = []
    const ids = new Set(changes.map(({ id }) => id))
    for (const id of ids) {
      if (!this.#records.has(id)) missing.push(id)
    }
    const rows = missing.length === 0 ? [] : await this.#kv.getMany(missing.map(id => encodeJoinKey(this.#number, id)))
    const found = new Map(missing.map((id, i) => [id, rows[i]]))
    for (const id of ids) {
      const row = found.get(id) ?? this.#records.get(id)
      run.touch(id, row && decodeJoinRecord(row))
    }
    for (const change of changes) run.fold(change, partition, 'version' in change ? this.#tablesFor(change) : ITEMS)
    await run.settle(this.#kv, operations)
    return run
  }

  /** @throws CodeWidthError for a code of another width than the version's. */
  #tablesFor (change: Extract<JoinChange, { version: string }>): number {
    const tables = this.tablesOf(change.version)
    const { bits } = this.#versions.get(tables)!.disk
    if (change.kind === 'code' && change.code.length * 8 !== bits) throw new CodeWidthError(bits, change.code.length * 8)
    return tables
  }
}

function seenOperation (key: Buffer, there: boolean): Operation {
  return there ? { type: 'put', key, value: A_BYTE } : { type: 'del', key }
}

const A_BYTE = Buffer.of(1)

function stageVersion ({ version, added, removals, counts }: VersionChange, tables: number, operations: Operation[]): void {
  version.disk.stage(added, removals, operations)
  operations.push({ type: 'put', key: encodeCodeCountsKey(tables), value: encodeCodeCounts({ ...counts, next: version.counts.next + added.length }) })
}

/** The write is durable: the version's stores follow, the disk first. */
function commitVersion ({ version, added, removals, counts }: VersionChange): void {
  const first = version.counts.next
  version.counts = { ...counts, next: first + added.length }
  if (added.length === 0 && removals.length === 0) {
    version.disk.abandon()
    return
  }
  const changes = [
    ...removals.map(({ ordinal, record: { code } }) => ({ kind: 'remove' as const, ordinal, code })),
    ...added.map(({ code }, i) => ({ kind: 'add' as const, ordinal: first + i, code }))
  ]
  version.disk.apply(changes)
  if (version.front !== version.disk) version.front.apply(changes)
}
