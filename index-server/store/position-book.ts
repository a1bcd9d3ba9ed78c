import { prefixRange, type KeyValue, type Operation } from '../../kv/key-value.js'
import type { AppliedPosition } from './collection-store.js'
import { FAMILIES, prefixOf } from './keys/families.js'
import { decodePosition, decodePositionKey, encodePosition, encodePositionKey } from './keys/position-row.js'

/** A position of a topic-partition to be written with what it stands for. */
export type TopicPosition = AppliedPosition & { readonly topic: string, readonly partition: number }

/**
 * How far each topic-partition has been folded. A position never goes back; while a partition is swept it stands still,
 * so that a sweep cut short by a crash is due again.
 */
export class PositionBook {
  readonly #collection: number
  readonly #positions = new Map<string, Map<number, AppliedPosition>>()
  /** What was staged last, by key. */
  readonly #staged = new Map<string, AppliedPosition>()
  /** Where a sweep has come to: `undefined` before its first run. */
  readonly #swept = new Map<string, Map<number, AppliedPosition | undefined>>()

  private constructor (collection: number) {
    this.#collection = collection
  }

  static async open (kv: KeyValue, collection: number): Promise<PositionBook> {
    const book = new PositionBook(collection)
    for await (const run of kv.iterate(prefixRange(prefixOf(FAMILIES.position, collection)))) {
      for (const { key, value } of run) book.#set({ ...decodePositionKey(key), ...decodePosition(value) })
    }
    return book
  }

  of (topic: string): ReadonlyMap<number, AppliedPosition> {
    return new Map(this.#positions.get(topic))
  }

  isSwept (topic: string, partition: number): boolean {
    return this.#swept.get(topic)?.has(partition) ?? false
  }

  /** Whether what led to this position has been folded before. */
  isPast ({ topic, partition, next }: TopicPosition): boolean {
    const known = this.#known(topic, partition)
    return known !== undefined && next <= known.next && !this.isSwept(topic, partition)
  }

  /** Puts the position into `operations`. Known from `commit` on. */
  stage (position: TopicPosition, operations: Operation[]): TopicPosition {
    const { topic, partition, next, atMs } = position
    const known = this.#known(topic, partition)
    const staged = { topic, partition, next: Math.max(next, known?.next ?? 0), atMs: Math.max(atMs, known?.atMs ?? 0) }
    if (this.isSwept(topic, partition)) return staged
    this.#staged.set(`${topic}/${partition}`, staged)
    operations.push({ type: 'put', key: encodePositionKey(this.#collection, topic, partition), value: encodePosition(staged) })
    return staged
  }

  commit (staged: TopicPosition): void {
    if (this.isSwept(staged.topic, staged.partition)) this.#swept.get(staged.topic)!.set(staged.partition, staged)
    else this.#set(staged)
  }

  /** What is staged will not be written. */
  abandon (): void {
    this.#staged.clear()
  }

  beginSweep (topic: string, partition: number): void {
    const swept = this.#swept.get(topic) ?? new Map<number, AppliedPosition | undefined>()
    this.#swept.set(topic, swept.set(partition, undefined))
  }

  /** The sweep is done: where it came to is the position from now on. */
  endSweep (topic: string, partition: number): TopicPosition | undefined {
    const reached = this.#swept.get(topic)?.get(partition)
    this.#swept.get(topic)?.delete(partition)
    return reached && { topic, partition, ...reached }
  }

  /** Puts into `operations` what forgetting a topic deletes. Forgotten from `forget` on. */
  stageForgetting (topic: string, operations: Operation[]): void {
    for (const partition of this.#positions.get(topic)?.keys() ?? []) operations.push({ type: 'del', key: encodePositionKey(this.#collection, topic, partition) })
  }

  forget (topic: string): void {
    this.#positions.delete(topic)
    this.#swept.delete(topic)
    this.#staged.clear()
  }

  #known (topic: string, partition: number): AppliedPosition | undefined {
    return this.#staged.get(`${topic}/${partition}`) ?? this.#positions.get(topic)?.get(partition)
  }

  #set ({ topic, partition, next, atMs }: TopicPosition): void {
    const partitions = this.#positions.get(topic) ?? new Map<number, AppliedPosition>()
    this.#positions.set(topic, partitions.set(partition, { next, atMs }))
  }
}
