import type { Chunking } from '../../../hamming/chunks.js'
import type { Range } from '../../../kv/key-value.js'
import { FAMILIES } from './families.js'

/**
 * The keys of the bucket tables. One key says one thing: chunk `table` of code `ordinal` has the value `chunk`. The
 * value beside it is the whole code, or a byte 0 where codes are wide (`INLINE_BITS`).
 *
 *     byte   0      0x74 't'  the bucket tables
 *            1-4    tables    u32   whose tables: a version's, by number
 *            5      table     u8    which chunk of the code
 *            6-8    chunk     u24   the bucket
 *            9-12   ordinal   u32   the code
 *
 * Every number is big-endian, so the order of keys is the order of the fields: a bucket is one contiguous range, and
 * so is everything a version wrote.
 */
export function encodePostingKey (tables: number, table: number, chunk: number, ordinal: number): Buffer {
  const key = Buffer.allocUnsafe(LENGTH)
  key[0] = FAMILIES.posting
  key[1] = tables >>> 24
  key[2] = tables >>> 16
  key[3] = tables >>> 8
  key[4] = tables
  key[5] = table
  key[6] = chunk >>> 16
  key[7] = chunk >>> 8
  key[8] = chunk
  key[9] = ordinal >>> 24
  key[10] = ordinal >>> 16
  key[11] = ordinal >>> 8
  key[12] = ordinal
  return key
}

const LENGTH = 13

/** Codes up to this width stand in the posting itself: a probe reads them in one go. Wider ones are looked up. */
export const INLINE_BITS = 128

/** A chunk of the tables on disk is a bucket number of at most this many bits. */
export const MAX_DISK_CHUNK_BITS = 24

export function ordinalOfPostingKey (key: Buffer): number {
  return key.readUInt32BE(9)
}

/** The range of keys of one bucket. */
export function bucketRange (tables: number, table: number, chunk: number): Range {
  const gte = encodePostingKey(tables, table, chunk, 0)
  return { gte: gte.subarray(0, 9), lt: behind(gte.subarray(0, 9)) }
}

/** The range of keys of one table, from bucket `from` to without bucket `to`: how a version is dropped, in steps. */
export function bucketsRange (tables: number, table: number, from: number, to: number, { widths }: Chunking): Range {
  const gte = encodePostingKey(tables, table, from, 0).subarray(0, 9)
  const lt = to < 2 ** widths[table]! ? encodePostingKey(tables, table, to, 0).subarray(0, 9) : behind(gte.subarray(0, 6))
  return { gte, lt }
}

/** The first key behind all that begin with `prefix`, which is not 0xff throughout: it begins with a letter. */
function behind (prefix: Buffer): Buffer {
  const key = Buffer.from(prefix)
  let at = key.length - 1
  while (key[at] === 0xff) at--
  key[at]!++
  return key.subarray(0, at + 1)
}
