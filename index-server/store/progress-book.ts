import { prefixRange, type KeyValue, type Operation } from '../../kv/key-value.js'
import type { PartitionProgress } from './collection-store.js'
import { FAMILIES, prefixOf } from './keys/families.js'
import { decodeProgress, decodeProgressKey, encodeProgress, encodeProgressKey, type ProgressKey, type SourceProgress } from './keys/progress-row.js'

type Book = Map<number, Map<number, SourceProgress>>

/** Of C.items. */
export const ITEMS = 0

/**
 * How far C.images is settled, as the progress records in C.items and in each version's codes say: by tables (`ITEMS`
 * for C.items), items partition and source partition. It never goes back.
 */
export class ProgressBook {
  readonly #collection: number
  readonly #books = new Map<number, Book>()
  /** By key, the farthest that was staged: what is behind it is not ahead any more. */
  readonly #staged = new Map<string, number>()

  private constructor (collection: number) {
    this.#collection = collection
  }

  static async open (kv: KeyValue, collection: number): Promise<ProgressBook> {
    const book = new ProgressBook(collection)
    for await (const run of kv.iterate(prefixRange(prefixOf(FAMILIES.progress, collection)))) {
      for (const { key, value } of run) book.#set(decodeProgressKey(key), decodeProgress(value))
    }
    return book
  }

  /**
   * What is settled under a version: what both the items and its codes have passed, for a code is found when both have
   * come.
   */
  settled (tables: number): ReadonlyMap<number, PartitionProgress> {
    const items = this.#books.get(ITEMS)
    const settled = new Map<number, Map<number, SourceProgress>>()
    for (const [partition, sources] of this.#books.get(tables) ?? []) {
      const both = new Map<number, SourceProgress>()
      for (const [source, progress] of sources) {
        const other = items?.get(partition)?.get(source)
        if (other) both.set(source, other.next < progress.next ? other : progress)
      }
      settled.set(partition, both)
    }
    return settled
  }

  /** Puts into `operations` what is ahead of what is known, and of what is staged. Known from `commit` on. */
  stage (progresses: readonly (ProgressKey & SourceProgress)[], operations: Operation[]): (ProgressKey & SourceProgress)[] {
    const ahead: (ProgressKey & SourceProgress)[] = []
    for (const progress of progresses) {
      const { tables, partition, sourcePartition, next } = progress
      const name = `${tables}/${partition}/${sourcePartition}`
      const known = this.#staged.get(name) ?? this.#books.get(tables)?.get(partition)?.get(sourcePartition)?.next ?? -1
      if (next <= known) continue
      this.#staged.set(name, next)
      ahead.push(progress)
      operations.push({ type: 'put', key: encodeProgressKey(this.#collection, progress), value: encodeProgress(progress) })
    }
    return ahead
  }

  commit (staged: readonly (ProgressKey & SourceProgress)[]): void {
    for (const progress of staged) this.#set(progress, progress)
  }

  /** What is staged will not be written. */
  abandon (): void {
    this.#staged.clear()
  }

  /** Puts into `operations` what forgetting a version deletes. Forgotten from `forget` on. */
  stageForgetting (tables: number, operations: Operation[]): void {
    for (const [partition, sources] of this.#books.get(tables) ?? []) {
      for (const sourcePartition of sources.keys()) operations.push({ type: 'del', key: encodeProgressKey(this.#collection, { tables, partition, sourcePartition }) })
    }
  }

  forget (tables: number): void {
    this.#books.delete(tables)
    this.#staged.clear()
  }

  #set ({ tables, partition, sourcePartition }: ProgressKey, { next, publishedAtMs }: SourceProgress): void {
    const book = this.#books.get(tables) ?? new Map<number, Map<number, SourceProgress>>()
    const sources = book.get(partition) ?? new Map<number, SourceProgress>()
    this.#books.set(tables, book.set(partition, sources.set(sourcePartition, { next, publishedAtMs })))
  }
}

