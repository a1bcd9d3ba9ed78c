import { CodeWidthError, HammingbirdError } from '../../../errors.js'
import { assertBits, type Code } from '../../../hamming/code.js'
import type { Soon } from '../../soon.js'
import type { CodeAnswer, CodeChange, CodeQuery, CodeStore, SearchEstimate } from '../code-store.js'
import { CHECK_ADDED, CHECK_DELETED } from './layout.js'
import { Merger } from './merger.js'
import { estimate } from './planner.js'
import { Search } from './search.js'
import { Snapshots } from './snapshots.js'
import type { Threads } from './threads.js'

export interface HotCodeStoreOptions {
  /** Width of the codes. */
  readonly bits: number
  /** Who builds tables and runs long searches: the process's own, given to all its stores. */
  readonly threads: Threads
  /** How long a search may ask for a snapshot after it was the newest. @default 60 s */
  readonly snapshotMs?: number
  /** The clock of that. @default Date.now */
  readonly now?: () => number
  /** How many codes are scanned before they are merged into tables. @default 16384 */
  readonly tailCodes?: number
  /** Into how many chunks codes are cut. @default what suits their number */
  readonly chunks?: number | undefined
  /** Told when a merge failed; it is tried again with the next change. @default nobody */
  readonly onMergeError?: (err: unknown) => void
}

/** Codes as they are loaded at start: `ordinals[i]` is that of the code at byte `i * bits / 8`. */
export interface CodeBlock {
  readonly ordinals: ArrayLike<number>
  readonly codes: Uint8Array
}

/**
 * The hot tier: codes in memory, found by multi-index hashing, or by a scan where that is cheaper.
 *
 * A change is searchable when `apply` returns: it goes to a tail that every search scans, and from there, in another
 * thread, into tables. A search that is quick is done before `search` returns; others take no more than a millisecond
 * of the event loop at a time.
 */
export class HotCodeStore implements CodeStore, AsyncDisposable {
  readonly bits: number
  readonly #snapshots: Snapshots
  readonly #merger: Merger
  readonly #threads: Threads
  #count = 0
  #closing: Promise<void> | undefined
  #closed!: () => void
  /** Resolves when it is closed. */
  readonly closed = new Promise<void>(resolve => { this.#closed = resolve })

  /** Opens an empty store, or one that holds what is loaded: its tables are built when this resolves. */
  static async open (options: HotCodeStoreOptions, load?: AsyncIterable<CodeBlock> | Iterable<CodeBlock>): Promise<HotCodeStore> {
    const store = new HotCodeStore(options)
    try {
      if (load !== undefined) await store.#load(load)
      return store
    } catch (err) {
      await store.close()
      throw err
    }
  }

  private constructor (options: HotCodeStoreOptions) {
    assertBits(options.bits)
    this.bits = options.bits
    this.#threads = options.threads
    this.#snapshots = new Snapshots(options.snapshotMs ?? 60_000, options.now ?? Date.now)
    this.#merger = new Merger({
      bits: options.bits,
      threads: options.threads,
      sequence: () => this.#snapshots.sequence,
      horizon: () => this.#snapshots.horizon(),
      chunks: options.chunks,
      tailCodes: options.tailCodes ?? 16_384,
      onError: options.onMergeError ?? (() => {})
    })
  }

  get count (): number { return this.#count }
  get sequence (): number { return this.#snapshots.sequence }
  /** Memory held, in bytes, whether it is in use or kept for the next merge. */
  get heldBytes (): number { return this.#merger.heldBytes }

  /** @throws CodeWidthError, and then nothing is applied. */
  apply (changes: readonly CodeChange[]): void {
    this.#assertOpen()
    for (const { code, ordinal } of changes) this.#assertFits(code, ordinal)
    const sequence = this.#snapshots.begin()
    for (const { kind, code, ordinal } of changes) {
      if (kind === 'add') this.#add(code, ordinal)
      else if (this.#merger.remove(code, ordinal, sequence)) this.#count--
    }
    this.#merger.mergeIfDue()
    this.#merger.awaitPause()
  }

  search (query: CodeQuery): Soon<CodeAnswer> {
    this.#assertOpen()
    assertAsked(query, this.bits)
    const snapshot = this.#snapshots.at(query.at)
    const checks = (this.#merger.anyRemoved ? CHECK_DELETED : 0) | (snapshot.sequence === this.sequence ? 0 : CHECK_ADDED)
    const search = new Search(query, this.#merger.parts, snapshot, checks)
    return search.start(this.#threads) ? search.answer() : search.finish(this.#threads).then(() => search.answer())
  }

  estimate (radius: number): SearchEstimate {
    const estimates = this.#merger.parts.map(({ slab }) => estimate(slab, Math.min(radius, this.bits)))
    return { probeMs: sum(estimates, ({ probeNs }) => probeNs) / 1e6, scanMs: sum(estimates, ({ scanNs }) => scanNs) / 1e6 }
  }

  /** Merges all there is into tables, and drops what was removed and no snapshot needs. Resolves when it is done. */
  async compact (): Promise<void> {
    this.#assertOpen()
    await this.#merger.compact()
  }

  /** Waits for the merge in hand. What is asked after this began is refused. */
  close (): Promise<void> {
    return this.#closing ??= this.#merger.close().finally(this.#closed)
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  async #load (blocks: AsyncIterable<CodeBlock> | Iterable<CodeBlock>): Promise<void> {
    const sizeBytes = this.bits / 8
    this.#snapshots.begin()
    for await (const { codes, ordinals } of blocks) {
      if (codes.length !== ordinals.length * sizeBytes) throw new CodeWidthError(this.bits, codes.length * 8 / Math.max(1, ordinals.length))
      for (let i = 0, at = 0; i < ordinals.length; i++, at += sizeBytes) this.#add(codes.subarray(at, at + sizeBytes), ordinals[i]!)
      await this.#merger.takeIn()
    }
    await this.#merger.compact()
  }

  #add (code: Code, ordinal: number): void {
    this.#merger.add(code, ordinal)
    this.#snapshots.added(ordinal)
    this.#count++
  }

  #assertOpen (): void {
    if (this.#closing !== undefined) throw new HammingbirdError('HAMMINGBIRD_NOT_OPEN', 'the code store is closed')
  }

  #assertFits (code: Code, ordinal: number): void {
    if (code.length * 8 !== this.bits) throw new CodeWidthError(this.bits, code.length * 8)
    if (!Number.isInteger(ordinal) || ordinal < 0 || ordinal >= 2 ** 32) throw new RangeError(`an ordinal is an integer from 0 to 2^32 - 1, got ${ordinal}`)
  }
}

function sum<T> (items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}

function assertAsked ({ code, k, radius }: CodeQuery, bits: number): void {
  if (code.length * 8 !== bits) throw new CodeWidthError(bits, code.length * 8)
  if (k === undefined && radius === undefined) throw new TypeError('a search needs k, a radius, or both')
  if (k !== undefined && (!Number.isInteger(k) || k < 1)) throw new RangeError(`k must be an integer of 1 or more, got ${k}`)
  if (radius !== undefined && (!Number.isInteger(radius) || radius < 0)) throw new RangeError(`radius must be an integer of 0 or more, got ${radius}`)
}
