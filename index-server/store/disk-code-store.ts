import { CodeWidthError, HammingbirdError } from '../../errors.js'
import { hammingDistance } from '../../hamming/distance.js'
import type { Operation } from '../../kv/key-value.js'
import { accepting, type CodeAnswer, type CodeChange, type CodeQuery, type CodeStore, type SearchEstimate } from './code-store.js'
import { breathing } from '../breathing.js'
import { offer, type DiskSearch } from './disk-search.js'
import type { CodeRun } from './version-codes.js'
import { loadCodes } from './load-codes.js'
import type { CodeRecord } from './keys/code-record.js'
import { Nearest } from './nearest.js'
import { probeBudgetMs, searchEstimate } from './plan.js'
import { probe, type Probed } from './probe.js'
import { scan } from './scan.js'
import { SnapshotWindow, type SnapshotWindowOptions } from './snapshot-window.js'
import type { StagedChange, VersionTables } from './version-tables.js'

/**
 * The codes of one version, searched where they lie on disk: by probing postings while that is cheap, else by a scan of
 * pages. It holds little more in memory than a bit a code.
 *
 * A change comes in two steps: `stage` gives the operations, and when their write is durable `apply` makes it seen. The
 * next may be staged meanwhile; when a write fails, `abandon` forgets all that is staged.
 */
export class DiskCodeStore implements CodeStore {
  readonly #window: SnapshotWindow
  /** Oldest first. */
  #staged: StagedChange[] = []
  #closed = false
  /** Searches under way. */
  readonly #running = new Set<Promise<CodeAnswer>>()

  constructor (readonly tables: VersionTables, options?: SnapshotWindowOptions) {
    this.#window = new SnapshotWindow(tables.next, tables.count, options)
  }

  get bits (): number {
    return this.tables.shape.bits
  }

  get count (): number {
    return this.tables.count
  }

  get sequence (): number {
    return this.#window.newest.sequence
  }

  estimate (radius: number): SearchEstimate {
    return searchEstimate(this.tables, Math.min(radius, this.bits))
  }

  /** Puts into `operations` what the change writes. From now until `apply` or `abandon` searches know of the removals. */
  stage (added: readonly CodeRecord[], removals: readonly { readonly ordinal: number, readonly record: CodeRecord }[], operations: Operation[]): void {
    this.#window.announce(removals, this.#staged.length)
    this.#staged.push(this.tables.stage(added, removals.map(({ ordinal, record: { code } }) => ({ ordinal, code })), operations))
  }

  abandon (): void {
    this.#staged = []
    this.tables.abandon()
    this.#window.retract()
  }

  apply (changes: readonly CodeChange[]): void {
    const staged = this.#staged.shift()
    const added = changes.reduce((sum, { kind }) => sum + (kind === 'add' ? 1 : 0), 0)
    if (!staged || staged.next - this.tables.next !== added || staged.removed.length !== changes.length - added) {
      throw new HammingbirdError('HAMMINGBIRD_INTERNAL', 'what is applied is not what was staged')
    }
    this.tables.commit()
    this.#window.advance(this.tables.next, this.tables.count)
  }

  /** All codes as of this call, in order of ordinal, a page at a time. */
  load (): AsyncIterable<CodeRun> {
    const snapshot = this.#window.pin()
    return loadCodes(this.tables, this.#window, snapshot, () => this.#window.release(snapshot))
  }

  /** What was kept under an ordinal that was removed a short while ago. */
  removedRecord (ordinal: number): CodeRecord | undefined {
    return this.#window.removalOf(ordinal)?.record
  }

  /** What was removed behind a sequence, or is about to be: rows may be read that are durable and not committed, and from before such a write a removal is announced. */
  * removedSince (sequence: number): Generator<number, void> {
    for (const { ordinal } of this.#window.removedSince(sequence)) yield ordinal
  }

  search (query: CodeQuery): Promise<CodeAnswer> {
    const answer = this.#search(query)
    this.#running.add(answer)
    answer.then(() => this.#running.delete(answer), () => this.#running.delete(answer))
    return answer
  }

  /** Refuses new searches, and waits for those under way. */
  async close (): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#running)
  }

  async #search ({ code, k, radius, at, accept, countOnly = false, plan, signal }: CodeQuery): Promise<CodeAnswer> {
    if (this.#closed) throw new HammingbirdError('HAMMINGBIRD_NOT_OPEN', 'the version\'s tables are closed')
    if (code.length * 8 !== this.bits) throw new CodeWidthError(this.bits, code.length * 8)
    if (k === undefined && radius === undefined) throw new TypeError('neither k nor radius')
    if (k !== undefined && !(k >= 1)) throw new RangeError(`k must be 1 or more, got ${k}`)
    if (radius !== undefined && !(radius >= 0)) throw new RangeError(`radius must be 0 or more, got ${radius}`)
    signal?.throwIfAborted()
    const snapshot = this.#window.pin(at)
    try {
      const search: DiskSearch = {
        tables: this.tables,
        window: this.#window,
        snapshot,
        code,
        nearest: new Nearest(this.bits, k, radius),
        accept: accepting(accept),
        signal,
        breathe: breathing(signal),
        buckets: 0,
        candidates: 0
      }
      const probed = plan === 'scan' ? UNPROBED : await probe(search, plan === 'probe' ? Infinity : probeBudgetMs(this.tables))
      if (!probed.complete) await scan(search, probed.last)
      await addRemoved(search)
      return {
        groups: countOnly ? [] : await search.nearest.groups(search.breathe),
        count: search.nearest.found,
        radiusCovered: search.nearest.limit,
        plan: probed.complete ? 'probe' : probed.last ? 'probe-then-scan' : 'scan',
        tables: probed.last ? Math.min(this.tables.shape.chunks, probed.last.distance * this.tables.shape.chunks + probed.last.table + 1) : 0,
        buckets: search.buckets,
        candidates: search.candidates
      }
    } finally {
      this.#window.release(snapshot)
    }
  }
}

const UNPROBED: Probed = { complete: false, last: undefined }

/** What was removed since the snapshot may be gone from the disk: it is found in the window instead. */
async function addRemoved (search: DiskSearch): Promise<void> {
  const removed = search.window.removedFrom(search.snapshot)
  if (removed.length === 0) return
  const missing = new Set(removed.map(({ ordinal }) => ordinal))
  await search.nearest.without(missing, search.breathe)
  for (const { ordinal, record } of removed) {
    if (missing.has(ordinal)) offer(search, hammingDistance(search.code, record.code), ordinal, record.code)
    search.candidates++
  }
}
