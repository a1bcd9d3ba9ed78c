import type { Headers, NewRecord } from '../log/log.js'

/** A place in C.images: which state of an image something was made from. */
export interface Source {
  readonly partition: number
  readonly offset: number
}

const SOURCE = 'hammingbird-source'

/** A tombstone in C.items: its header says which message in C.images deleted the image. */
export function itemTombstone (topic: string, key: Buffer, { partition, offset }: Source): NewRecord {
  return { topic, key, value: null, headers: { [SOURCE]: Buffer.from(`${partition}:${offset}`) } }
}

/** `undefined` for a tombstone of another maker. */
export function tombstoneSource (headers: Headers): Source | undefined {
  const [partition, offset] = headers[SOURCE]?.toString('latin1').split(':').map(Number) ?? []
  return Number.isSafeInteger(partition) && Number.isSafeInteger(offset) ? { partition: partition!, offset: offset! } : undefined
}
