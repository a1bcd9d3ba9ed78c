import { Observable, concatMap, defer, map, repeat } from 'rxjs'
import type { LogBatch, LogReader, TopicDescription } from '../log/log.js'
import type { ReadChanges } from './changes.js'
import type { AppliedPosition, CollectionStore } from './store/collection-store.js'

export interface AppendOptions {
  readonly reader: LogReader
  readonly store: CollectionStore
  readonly changes: ReadChanges
  readonly signal: AbortSignal
  /** Partitions read from their beginning to drop what is gone since: partition → the end they had when that began. */
  readonly sweeps: ReadonlyMap<number, number>
}

/**
 * The graph that folds one topic into the tables:
 *
 *     C.items, C.codes.v, C.labels or C.set-aside ─ 1 run of records ─▶ changes ─▶ apply ─▶ counts
 *
 * A run of records of one partition is applied in one write batch together with that partition's position, and the next
 * is polled when it is durable: that is the bound. Emits how many records each run had. Fails with the first error, and
 * leaves the retry to whoever runs it: what was applied twice changes nothing.
 */
export function append ({ reader, store, changes, signal, sweeps }: AppendOptions): Observable<number> {
  const sweeping = new Map(sweeps)

  const apply = async ({ topic, partition, records, next }: LogBatch): Promise<number> => {
    await store.apply(records.flatMap(changes), { topic, partition, next, atMs: Date.now() })
    const end = sweeping.get(partition)
    if (end !== undefined && next >= end) {
      await store.endSweep(topic, partition)
      sweeping.delete(partition)
    }
    return records.length
  }

  return defer(() => reader.poll({}, signal)).pipe(concatMap(apply), repeat(), map(count => count))
}

/** Where a reader begins in each partition, and which partitions it must sweep. */
export interface ReadingPlan {
  readonly from: ReadonlyMap<number, number>
  readonly sweep: readonly number[]
}

/**
 * A reader that has been away for longer than half of `deleteRetentionMs` may have missed tombstones: it reads from the
 * beginning, and drops what it does not meet there. One that has never read begins at the beginning, with nothing to drop.
 */
export function readingPlan (topic: TopicDescription, applied: ReadonlyMap<number, AppliedPosition>, nowMs: number): ReadingPlan {
  const from = new Map<number, number>()
  const sweep: number[] = []
  for (let partition = 0; partition < topic.partitions; partition++) {
    const position = applied.get(partition)
    const away = position !== undefined && topic.cleanup === 'compact' && nowMs - position.atMs > topic.deleteRetentionMs / 2
    if (away) sweep.push(partition)
    from.set(partition, away ? 0 : position?.next ?? 0)
  }
  return { from, sweep }
}
