import type { PartitionProgress } from './store/collection-store.js'

/** What a topic's partitions ended at, at a moment. */
interface Sample {
  readonly atMs: number
  readonly ends: readonly number[]
}

const MOST_SAMPLES = 1000

/**
 * Lag as a time: the age of the oldest image not applied.
 *
 * Offsets cannot be subtracted, so a clock remembers where C.images ended at each moment it was asked: the oldest moment
 * whose ends have not been passed is when the oldest image still to come was there.
 */
export class LagClock {
  #samples: Sample[] = []

  /** C.images ended so at that moment. Once a second is often enough. */
  sample (ends: readonly number[], atMs: number): void {
    const newest = this.#samples.at(-1)
    if (newest !== undefined && newest.ends.length === ends.length && newest.ends.every((end, partition) => end === ends[partition])) return
    this.#samples.push({ atMs, ends })
    // Half the memory of a long outage is enough: every other sample goes.
    if (this.#samples.length > MOST_SAMPLES) this.#samples = this.#samples.filter((_, i) => i % 2 === 0)
  }

  /** Milliseconds; 0 when caught up, and only then. @param progress of one version, a row for each items partition. */
  lagMs (progress: ReadonlyMap<number, PartitionProgress>, partitions: number, nowMs: number): number {
    const oldest = this.#samples.find(({ ends }) => !passed(ends, progress, partitions))
    return oldest === undefined ? 0 : Math.max(1, nowMs - oldest.atMs)
  }

  /** Forgets what every version has passed. */
  forget (progresses: readonly ReadonlyMap<number, PartitionProgress>[], partitions: number): void {
    const needed = this.#samples.findIndex(({ ends }) => progresses.some(progress => !passed(ends, progress, partitions)))
    this.#samples = needed === -1 ? this.#samples.slice(-1) : this.#samples.slice(needed)
  }
}

/** Whether all that lay before `ends` in C.images is settled in every items partition. */
export function passed (ends: readonly number[], progress: ReadonlyMap<number, PartitionProgress>, partitions: number): boolean {
  return ends.every((end, source) => end === 0 || isSettled(source, end, progress, partitions))
}

/** Whether all of a partition of C.images before `next` is settled in every items partition. */
export function isSettled (sourcePartition: number, next: number, progress: ReadonlyMap<number, PartitionProgress>, partitions: number): boolean {
  for (let partition = 0; partition < partitions; partition++) {
    if ((progress.get(partition)?.get(sourcePartition)?.next ?? 0) < next) return false
  }
  return true
}

/** Whether a version has passed all that others have: nothing that they can find is missing under it. */
export function covers (progress: ReadonlyMap<number, PartitionProgress>, others: readonly ReadonlyMap<number, PartitionProgress>[]): boolean {
  return others.every(other => [...other].every(([partition, sources]) => [...sources].every(([source, { next }]) => (progress.get(partition)?.get(source)?.next ?? 0) >= next)))
}
