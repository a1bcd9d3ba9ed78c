import { CodeWidthError, HammingbirdError } from '../../errors.js'
import { prefixRange, type KeyValue, type Operation } from '../../kv/key-value.js'
import type { CodeChange } from './code-store.js'
import type { StoreChange, StoredSetAside } from './collection-store.js'
import type { JoinChange } from './join.js'
import { JoinRun, type VersionChange, type VersionedChange } from './join-run.js'
import { MAX_DETAIL_BYTES } from './keys/code-record.js'
import { decodeItemCounts, encodeCodeCounts, encodeCodeCountsKey, encodeItemCounts, encodeItemCountsKey, type ItemCounts } from './keys/count-rows.js'
import { FAMILIES, prefixOf } from './keys/families.js'
import type { ProgressKey, SourceProgress } from './keys/progress-row.js'
import { encodeSeenKey, seenPrefix, type Swept } from './keys/seen-key.js'
import { KnownIds } from './known-ids.js'
import { PositionBook, type TopicPosition } from './position-book.js'
import { ITEMS, ProgressBook } from './progress-book.js'
import { RecordCache } from './record-cache.js'
import { SetAsideTable } from './set-aside-table.js'
import type { TablesOrdinal } from './shown-rows.js'
import { topicsOfStore } from './store-name.js'
import { sweptChange, unseen } from './sweep.js'
import type { VersionCodes } from './version-codes.js'

/** Records kept at hand: an item's codes follow it within moments. */
const CACHED_RECORDS = 5000
/** What a sweep found missing is dropped in runs of so many. */
const SWEEP_RUN = 1000

type Changed = (ids: readonly string[], ordinals: readonly TablesOrdinal[]) => void

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

/** A run that is ready to be written: what it writes, and what memory takes over when that is durable. */
interface Staged {
  readonly operations: readonly Operation[]
  readonly commit: () => void
}

/**
 * The writing side of a collection. A run of changes becomes one write: one look-up of all ids it touches, the join, one
 * batch of operations; when that is durable, memory follows.
 *
 *     run n + 1:            ├─ look up ─ join ─ stage ─┤├─ write ─┤├─ commit ─┤
 *     run n:     ├─ write ─────────┤├─ commit ─┤
 *
 * Runs are staged one after the other, each on what those before it have staged, while the one before is being written.
 * When a write fails, so does the run that was staged meanwhile, and all that is staged is forgotten: what is committed
 * is what is on disk.
 */
export class CollectionWriter {
  readonly #kv: KeyValue
  readonly #name: string
  readonly #number: number
  readonly #versions: ReadonlyMap<number, VersionCodes>
  readonly #setAside: SetAsideTable
  #records = new RecordCache(CACHED_RECORDS)
  readonly #known: KnownIds
  readonly positions: PositionBook
  readonly progress: ProgressBook
  #counts: ItemCounts
  #staged: ItemCounts
  /** Ends when the run before has been staged. */
  #last: Promise<unknown> = Promise.resolve()
  readonly #changed: Changed
  /** The write under way. */
  #writing: Promise<void> | undefined

  private constructor (kv: KeyValue, name: string, number: number, versions: ReadonlyMap<number, VersionCodes>, changed: Changed, known: KnownIds, positions: PositionBook, progress: ProgressBook, counts: ItemCounts) {
    this.#kv = kv
    this.#name = name
    this.#number = number
    this.#versions = versions
    this.#changed = changed
    this.#setAside = new SetAsideTable(kv, number)
    this.#known = known
    this.positions = positions
    this.progress = progress
    this.#counts = counts
    this.#staged = counts
  }

  /**
   * @param versions by the number of their tables; whoever owns it adds and takes away, in turn (`inTurn`).
   * @param changed told the ids of which something else is on disk now, and the ordinals under which they were found.
   */
  static async open (kv: KeyValue, name: string, number: number, versions: ReadonlyMap<number, VersionCodes>, changed: Changed): Promise<CollectionWriter> {
    // Sweeps that did not end before are begun anew by whoever reads the topic: their positions stood still.
    await kv.clear(prefixRange(prefixOf(FAMILIES.seen, number)))
    const counts = decodeItemCounts(await kv.get(encodeItemCountsKey(number)))
    return new CollectionWriter(kv, name, number, versions, changed, await KnownIds.open(kv, number), await PositionBook.open(kv, number), await ProgressBook.open(kv, number), counts)
  }

  get counts (): ItemCounts {
    return this.#counts
  }

  apply (changes: readonly StoreChange[], position: TopicPosition): Promise<void> {
    return this.#run(() => {
      const { topic, partition } = position
      const swept = this.positions.isSwept(topic, partition) ? this.#swept(topic) : undefined
      return this.#stage(this.#sort(this.positions.isPast(position) ? [] : changes, position, swept), swept)
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
      await this.#run(() => this.#stage({ partition, position: undefined, joins, progresses: [], setAside: [], met: new Map() }, undefined))
    }
    const reached = await this.inTurn(async () => this.positions.endSweep(topic, partition))
    if (reached) await this.#run(() => this.#stage(this.#sort([], reached, undefined), undefined))
    await this.inTurn(() => this.#kv.clear(prefixRange(seenPrefix(this.#number, swept, partition))))
  }

  /** Runs what else changes the collection when all before it is written, and before what is behind it is staged. */
  inTurn<T> (work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      await this.#writing?.catch(() => undefined)
      return work()
    })
    this.#last = turn.catch(() => undefined)
    return turn
  }

  /** Stages a run in turn, and writes it. */
  #run (stage: () => Promise<Staged>): Promise<void> {
    const begun = this.#last.then(async () => {
      const before = this.#writing
      try {
        const { operations, commit } = await stage()
        const written = this.#kv.write(operations, { after: before })
        written.catch(() => undefined) // that it was before it is heard of first
        await before
        return { written: this.#write(written, commit) }
      } catch (err) {
        await before?.catch(() => undefined)
        this.#abandon()
        throw err
      }
    })
    this.#last = begun.catch(() => undefined)
    return begun.then(({ written }) => written)
  }

  /** @param durable resolves when what was staged is on disk. */
  #write (durable: Promise<void>, commit: () => void): Promise<void> {
    const written = durable.then(commit, err => {
      this.#abandon()
      throw err
    }).finally(() => {
      if (this.#writing === written) this.#writing = undefined
    })
    written.catch(() => undefined) // whoever applied it is told
    return this.#writing = written
  }

  /** Forgets all that is staged. */
  #abandon (): void {
    this.#records = new RecordCache(CACHED_RECORDS)
    this.#staged = this.#counts
    this.progress.abandon()
    this.positions.abandon()
    for (const version of this.#versions.values()) {
      version.staged = version.counts
      version.disk.abandon()
    }
  }

  /** Stops what goes on in the background. Calling it twice is fine. */
  close (): Promise<void> {
    return this.#known.close()
  }

  /** The number of a version's tables. */
  tablesOf (version: string): number {
    for (const [tables, codes] of this.#versions) if (codes.version === version) return tables
    throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `collection ${this.#name} has no tables for version ${version}`)
  }

  #swept (topic: string): Swept {
    const topics = topicsOfStore(this.#name)
    if (topic === topics.items) return 'items'
    if (topic === topics.labels) return 'labels'
    for (const [tables, { version }] of this.#versions) if (topic === topics.codes(version)) return tables
    throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `${topic} is no compacted topic that collection ${this.#name} keeps`)
  }

  #sort (changes: readonly StoreChange[], position: TopicPosition, swept: Swept | undefined): Run {
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
          if (swept !== undefined) run.met.set(change.id, !(change.kind === 'item-gone' || (change.kind === 'labels' && change.labels === null)))
      }
    }
    return run
  }

  async #stage ({ partition, position, joins, progresses, setAside, met }: Run, swept: Swept | undefined): Promise<Staged> {
    const durable = async (): Promise<void> => this.#writing
    const operations: Operation[] = []
    const join = await this.#join(joins, partition, operations, durable)
    if (setAside.length > 0) await durable()
    const growth = await this.#setAside.stage(setAside, operations)
    // From here on nothing is awaited: what is staged is staged whole.
    const ahead = this.progress.stage(progresses, operations)
    const reached = position && this.positions.stage(position, operations)
    if (swept !== undefined) for (const [id, there] of met) operations.push(seenOperation(encodeSeenKey(this.#number, swept, partition, id), there))
    const counts = { live: this.#staged.live + join.live, setAside: this.#staged.setAside + growth }
    if (join.live !== 0 || growth !== 0) operations.push({ type: 'put', key: encodeItemCountsKey(this.#number), value: encodeItemCounts(counts) })
    this.#staged = counts
    this.#known.add(join.newKeys())
    this.#records.add(join.rows()) // until they are durable they are to be found nowhere else
    const commits = Array.from(join.changes, change => stageVersion(change, operations))
    return {
      operations,
      commit: () => {
        this.#counts = counts
        this.progress.commit(ahead)
        if (reached) this.positions.commit(reached)
        this.#changed(join.changedIds(), join.changedOrdinals())
        for (const commit of commits) commit()
      }
    }
  }

  async #join (changes: readonly JoinChange[], partition: number, operations: Operation[], durable: () => Promise<void>): Promise<JoinRun> {
    const run = new JoinRun(this.#number, this.#versions)
    // A row that is staged to go, null, may be on disk still: it is not looked up.
    const inVain = await run.begin(changes, this.#kv, (id, key, row = this.#records.get(id)) => row !== undefined || this.#known.mayHave(key) ? row : null)
    if (this.#known.lookedUpInVain(inVain, this.counts.live)) this.inTurn(async () => this.#known.read(this.counts.live)).catch(() => undefined) // it would only save time
    run.fold(changes, partition, this.#tablesFor())
    await run.settle(this.#kv, operations, durable)
    return run
  }

  /** Finds the tables of a change's version, the last one at once, and refuses a code that does not fit them. */
  #tablesFor (): (change: VersionedChange) => number {
    let last: { readonly version: string, readonly tables: number, readonly bits: number } | undefined
    return change => {
      if (last?.version !== change.version) {
        const tables = this.tablesOf(change.version)
        last = { version: change.version, tables, bits: this.#versions.get(tables)!.disk.bits }
      }
      if (change.kind === 'code' && change.code.length * 8 !== last.bits) throw new CodeWidthError(last.bits, change.code.length * 8)
      if (change.kind === 'code' && change.detail && change.detail.length > MAX_DETAIL_BYTES) throw new RangeError(`a detail has at most ${MAX_DETAIL_BYTES} bytes, got ${change.detail.length}`)
      return last.tables
    }
  }
}

function seenOperation (key: Buffer, there: boolean): Operation {
  return there ? { type: 'put', key, value: A_BYTE } : { type: 'del', key }
}

const A_BYTE = Buffer.of(1)

/** @returns what is to be done when the write is durable: the version's stores follow, the disk first. */
function stageVersion ({ tables, version, first, added, removals, coded, refused }: VersionChange, operations: Operation[]): () => void {
  const counts = { next: first + added.length, coded: version.staged.coded + coded, refused: version.staged.refused + refused }
  version.staged = counts
  operations.push({ type: 'put', key: encodeCodeCountsKey(tables), value: encodeCodeCounts(counts) })
  if (added.length === 0 && removals.length === 0) return () => { version.counts = counts }
  version.disk.stage(added, removals, operations)
  return () => {
    version.counts = counts
    const changes: CodeChange[] = []
    for (const { ordinal, record: { code } } of removals) changes.push({ kind: 'remove', ordinal, code })
    for (const [i, { code }] of added.entries()) changes.push({ kind: 'add', ordinal: first + i, code })
    version.disk.apply(changes)
    if (version.front !== version.disk) version.front.apply(changes)
  }
}
