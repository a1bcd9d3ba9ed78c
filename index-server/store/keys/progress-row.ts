import { FAMILIES } from './families.js'

/** What a partition of C.items, or of a version's codes, says of a partition of C.images. */
export interface ProgressKey {
  /** Of the version; 0 for C.items. */
  readonly tables: number
  readonly partition: number
  readonly sourcePartition: number
}

export interface SourceProgress {
  readonly next: number
  readonly publishedAtMs: number
}

/**
 *     byte   0      0x67 'g'         progress
 *            1-4    collection       u32
 *            5-8    tables           u32   0 for C.items
 *            9-10   partition        u16
 *            11-14  sourcePartition  u32
 *
 *     value: next u48 · publishedAtMs u48
 */
export function encodeProgressKey (collection: number, { tables, partition, sourcePartition }: ProgressKey): Buffer {
  const key = progressPrefix(collection, tables, 15)
  key.writeUInt16BE(partition, 9)
  key.writeUInt32BE(sourcePartition, 11)
  return key
}

/** What all progress of one version begins with. */
export function progressPrefix (collection: number, tables: number, length = 9): Buffer {
  const key = Buffer.alloc(length)
  key[0] = FAMILIES.progress
  key.writeUInt32BE(collection, 1)
  key.writeUInt32BE(tables, 5)
  return key
}

export function decodeProgressKey (key: Buffer): ProgressKey {
  return { tables: key.readUInt32BE(5), partition: key.readUInt16BE(9), sourcePartition: key.readUInt32BE(11) }
}

export function encodeProgress ({ next, publishedAtMs }: SourceProgress): Buffer {
  const row = Buffer.allocUnsafe(12)
  row.writeUIntBE(next, 0, 6)
  row.writeUIntBE(Math.max(0, publishedAtMs), 6, 6)
  return row
}

export function decodeProgress (row: Buffer): SourceProgress {
  return { next: row.readUIntBE(0, 6), publishedAtMs: row.readUIntBE(6, 6) }
}
