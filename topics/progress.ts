import type { NewRecord } from '../log/log.js'
import { ProgressRecord } from '../proto/gen/hammingbird/v1/log.js'

/** Keys that begin with this are ours: image ids have no control characters. */
const PREFIX = '\u0000progress/'

/** Partition `sourcePartition` of C.images is settled up to, but without, `next`. */
export interface Progress {
  readonly sourcePartition: number
  readonly next: number
  /** Of the newest message settled, Unix time. */
  readonly publishedAtMs: number
}

export function progressRecord (topic: string, partition: number, { sourcePartition, next, publishedAtMs }: Progress): NewRecord {
  return {
    topic,
    partition,
    key: Buffer.from(PREFIX + sourcePartition),
    value: Buffer.from(ProgressRecord.encode({ partition: sourcePartition, next, publishedAtMs }).finish())
  }
}

/** Whether a record of C.items or C.codes.v is one of progress, by its key. */
export function isProgress (key: Buffer | null): boolean {
  return key !== null && key.length > 0 && key[0] === 0 && key.toString('utf8').startsWith(PREFIX)
}

export function readProgress (value: Buffer): Progress {
  const { partition, next, publishedAtMs } = ProgressRecord.decode(value)
  return { sourcePartition: partition, next, publishedAtMs }
}
