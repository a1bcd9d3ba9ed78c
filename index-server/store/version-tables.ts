import { chunkAt, chunking, type Chunking } from '../../hamming/chunks.js'
import type { Code } from '../../hamming/code.js'
import type { KeyValue, Operation } from '../../kv/key-value.js'
import { Bitmap } from './bitmap.js'
import { decodeCodeRecord, encodeCodeKey, encodeCodeRecord, ordinalOfCodeKey, type CodeRecord } from './keys/code-record.js'
import { prefixOf, FAMILIES } from './keys/families.js'
import { encodePageKey, pageOfKey } from './keys/page-rows.js'
import { INLINE_BITS, MAX_DISK_CHUNK_BITS, encodePostingKey } from './keys/posting-key.js'
import { prefixRange } from '../../kv/key-value.js'

/** What a version's tables look like on disk: fixed when they are made. */
export interface TableShape {
  /** Names the tables in their keys: given once in a directory, never again. */
  readonly number: number
  readonly bits: number
  /** Into how many chunks codes are cut: so many tables, so many rows a code. */
  readonly chunks: number
  /** Codes a page: a multiple of 8. */
  readonly pageCodes: number
}

/** How many codes a page holds: 8 KiB of 64-bit codes. */
export const PAGE_CODES = 1024

/**
 * How many tables codes of `bits` bits get on disk. A row a table is what a code costs to write, so chunks are wide:
 * 16 bits while codes are narrow, 24 for wide ones, where a probe pays only for near duplicates anyway.
 */
export function chunksOnDisk (bits: number): number {
  return bits <= INLINE_BITS ? Math.max(1, Math.round(bits / 16)) : Math.ceil(bits / MAX_DISK_CHUNK_BITS)
}

/** The codes of the last page, which is not full yet. Slots at and behind the next ordinal hold nothing of meaning. */
interface Tail {
  readonly codes: Buffer
  readonly positions: Buffer
}

/** A change of the tables on its way to the disk: how they are when it is there. */
export interface StagedChange {
  readonly next: number
  readonly tail: Tail
  readonly removed: readonly number[]
}

/** The rows of one version: postings, codes by ordinal, pages. It knows what is durable, and nothing of searches. */
export class VersionTables {
  readonly chunking: Chunking
  readonly codeBytes: number
  readonly removed = new Bitmap()
  #next: number
  #tail: Tail
  /** Changes staged and not committed, oldest first: each stands on those before it. */
  #staged: StagedChange[] = []

  private constructor (readonly kv: KeyValue, readonly shape: TableShape, next: number) {
    this.chunking = chunking(shape.bits, shape.chunks)
    this.codeBytes = shape.bits / 8
    this.#next = next
    this.#tail = this.#emptyTail()
  }

  /** @param next the ordinal the next code gets, as the counters have it. */
  static async open (kv: KeyValue, shape: TableShape, next: number): Promise<VersionTables> {
    const tables = new VersionTables(kv, shape, next)
    for await (const run of kv.iterate(prefixRange(prefixOf(FAMILIES.removed, shape.number)))) {
      for (const { key, value } of run) tables.removed.load(pageOfKey(key) * shape.pageCodes / 8, value)
    }
    const from = encodeCodeKey(shape.number, tables.fullPages * shape.pageCodes)
    for await (const run of kv.iterate({ ...prefixRange(prefixOf(FAMILIES.code, shape.number)), gte: from })) {
      for (const { key, value } of run) tables.#fill(tables.#tail, ordinalOfCodeKey(key), decodeCodeRecord(value))
    }
    return tables
  }

  /** The ordinal the next code gets. */
  get next (): number {
    return this.#next
  }

  /** Codes that are there. */
  get count (): number {
    return this.#next - this.removed.size
  }

  /** Pages that stand on disk. */
  get fullPages (): number {
    return Math.floor(this.#next / this.shape.pageCodes)
  }

  /** The codes behind the last full page. The buffer stays as it is for whoever holds it, up to the `next` of now. */
  get tail (): Tail {
    return this.#tail
  }

  /**
   * Puts into `operations` what adding and removing codes writes, behind what is staged already. Nothing changes here
   * until `commit`.
   *
   * @param added get the ordinals from the next free one on, in order.
   */
  stage (added: readonly CodeRecord[], removals: readonly { readonly ordinal: number, readonly code: Code }[], operations: Operation[]): StagedChange {
    const { shape: { number, pageCodes } } = this
    let { next, tail } = this.#staged.at(-1) ?? { next: this.#next, tail: this.#tail }
    for (const record of added) {
      this.#putPostings(next, record.code, operations)
      operations.push({ type: 'put', key: encodeCodeKey(number, next), value: encodeCodeRecord(record) })
      this.#fill(tail, next++, record)
      if (next % pageCodes !== 0) continue
      const page = next / pageCodes - 1
      operations.push({ type: 'put', key: encodePageKey('codePage', number, page), value: tail.codes })
      operations.push({ type: 'put', key: encodePageKey('positionPage', number, page), value: tail.positions })
      tail = this.#emptyTail()
    }
    this.#stageRemovals(removals, operations)
    const staged = { next, tail, removed: removals.map(({ ordinal }) => ordinal) }
    this.#staged.push(staged)
    return staged
  }

  /** The write of the oldest change staged is durable. */
  commit (): void {
    const { next, tail, removed } = this.#staged.shift()!
    this.#next = next
    this.#tail = tail
    for (const ordinal of removed) this.removed.add(ordinal)
  }

  /** What is staged will not be written. */
  abandon (): void {
    this.#staged = []
  }

  /** The chunks of a code, one a table. */
  chunksOf (code: Code): number[] {
    return this.chunking.widths.map((_, table) => chunkAt(code, this.chunking, table))
  }

  #putPostings (ordinal: number, code: Code, operations: Operation[]): void {
    const value = this.shape.bits <= INLINE_BITS ? code : NOTHING
    for (let table = 0; table < this.shape.chunks; table++) {
      const key = encodePostingKey(this.shape.number, table, chunkAt(code, this.chunking, table), ordinal)
      operations.push({ type: 'put', key, value })
    }
  }

  #stageRemovals (removals: readonly { readonly ordinal: number, readonly code: Code }[], operations: Operation[]): void {
    const { number, pageCodes } = this.shape
    const pages = new Map<number, Buffer>()
    const page = (number: number): Buffer => {
      let bits = pages.get(number)
      if (!bits) pages.set(number, bits = this.#removedOf(number))
      return bits
    }
    for (const { ordinal, code } of removals) {
      for (let table = 0; table < this.shape.chunks; table++) {
        operations.push({ type: 'del', key: encodePostingKey(number, table, chunkAt(code, this.chunking, table), ordinal) })
      }
      operations.push({ type: 'del', key: encodeCodeKey(number, ordinal) })
      mark(page(Math.floor(ordinal / pageCodes)), ordinal % pageCodes)
    }
    for (const [page, bits] of pages) operations.push({ type: 'put', key: encodePageKey('removed', number, page), value: bits })
  }

  /** The removed bits of a page, with those that are staged. */
  #removedOf (page: number): Buffer {
    const { pageCodes } = this.shape
    const bits = this.removed.slice(page * pageCodes / 8, pageCodes / 8)
    for (const { removed } of this.#staged) {
      for (const ordinal of removed) if (Math.floor(ordinal / pageCodes) === page) mark(bits, ordinal % pageCodes)
    }
    return bits
  }

  #fill ({ codes, positions }: Tail, ordinal: number, { code, partition, itemOffset }: CodeRecord): void {
    const slot = ordinal % this.shape.pageCodes
    codes.set(code, slot * this.codeBytes)
    positions.writeUInt16BE(partition, slot * 8)
    positions.writeUIntBE(itemOffset, slot * 8 + 2, 6)
  }

  #emptyTail (): Tail {
    return { codes: Buffer.alloc(this.shape.pageCodes * this.codeBytes), positions: Buffer.alloc(this.shape.pageCodes * 8) }
  }
}

/** A byte, and not none: RocksDB's binding loses memory on empty values. */
const NOTHING = Buffer.alloc(1)

function mark (bits: Buffer, at: number): void {
  bits[at >> 3]! |= 0x80 >> (at & 7)
}
