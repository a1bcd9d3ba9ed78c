import { prefixRange, type Range } from '../../kv/key-value.js'

/**
 * The keys of the embedded log. Byte 0 is the table; numbers are big-endian, so that key order is the order of fields.
 *
 *     'f'                                                        format: see FORMAT
 *     'n'                                                        u32: the id of the next topic; no id is used twice
 *     't'  1-  name, UTF-8                                       a topic: JSON, see topics.ts
 *     'z'  1-4 topic u32                                         a topic that is being deleted; empty
 *
 *     'p'  1-4 topic u32, 5-8 partition u32                      u64 start: nothing lies before it; u64 end: the next offset
 *     'g'  1-4 topic u32, 5-8 partition u32, 9- group, UTF-8     u64: the next offset the group wants
 *     'r'  1-4 topic u32, 5-8 partition u32, 9-16 offset u64     a record: see record-codec.ts
 *     'm'  1-4 topic u32, 5-8 partition u32, 9-16 offset u64     f64 Unix time in ms: records before this offset were written before it
 *
 * and in compacted topics:
 *
 *     'd'  1-4 topic u32, 5-8 partition u32, 9-16 offset u64     a record not yet looked at by the cleaner: see dirty.ts
 *     'k'  1-4 topic u32, 5-8 partition u32, 9- key              u64 offset of the newest record that was looked at, u8: 1 for a tombstone
 *     'x'  1-4 topic u32, 5-8 partition u32, 9-16 offset u64     a tombstone that waits for its time: see dirty.ts
 */
export const FORMAT = Buffer.from('hammingbird-log 1')

export type PartitionTable = 'p' | 'g' | 'r' | 'm' | 'd' | 'k' | 'x'
/** Tables that hold what belongs to a topic. */
export const partitionTables: readonly PartitionTable[] = ['p', 'g', 'r', 'm', 'd', 'k', 'x']

/** A partition, as keys name it. */
export interface PartitionId {
  readonly topicId: number
  readonly number: number
}

export const FORMAT_KEY = Buffer.from('f')
export const NEXT_TOPIC_KEY = Buffer.from('n')
export const topicsRange: Range = prefixRange(Buffer.from('t'))
export const doomedRange: Range = prefixRange(Buffer.from('z'))

const PREFIX_BYTES = 9
const U32 = 2 ** 32

export function topicKey (name: string): Buffer {
  return Buffer.from(`t${name}`)
}

export function doomedKey (topicId: number): Buffer {
  const key = Buffer.allocUnsafe(5)
  key[0] = 0x7a
  key.writeUInt32BE(topicId, 1)
  return key
}

export function doomedId (key: Buffer): number {
  return key.readUInt32BE(1)
}

/** Key of a partition's own entry. */
export function partitionKey (partition: PartitionId): Buffer {
  return prefix('p', partition, 0)
}

export function groupKey (partition: PartitionId, group: string): Buffer {
  return Buffer.concat([prefix('g', partition, 0), Buffer.from(group)])
}

/** Key of the newest record of `key`. */
export function newestKey (partition: PartitionId, key: Buffer): Buffer {
  return Buffer.concat([prefix('k', partition, 0), key])
}

export function offsetKey (table: 'r' | 'm' | 'd' | 'x', partition: PartitionId, offset: number): Buffer {
  const key = prefix(table, partition, 8)
  writeU64(key, offset, PREFIX_BYTES)
  return key
}

/** The offset in a key that `offsetKey` made. */
export function offsetOf (key: Buffer): number {
  return readU64(key, PREFIX_BYTES)
}

/** From offset `from` on, up to but without `to`. */
export function offsetRange (table: 'r' | 'm' | 'd' | 'x', partition: PartitionId, from: number, to = Number.MAX_SAFE_INTEGER): Range {
  return { gte: offsetKey(table, partition, from), lt: offsetKey(table, partition, to) }
}

/** All of a topic in one table. */
export function topicRange (table: PartitionTable, topicId: number): Range {
  return prefixRange(prefix(table, { topicId, number: 0 }, 0).subarray(0, 5))
}

export function encodeU64 (...numbers: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(8 * numbers.length)
  for (const [i, number] of numbers.entries()) writeU64(bytes, number, 8 * i)
  return bytes
}

/** Two halves: BigInt is some ten times slower, and offsets stay below 2^53. */
export function readU64 (bytes: Buffer, at = 0): number {
  return bytes.readUInt32BE(at) * U32 + bytes.readUInt32BE(at + 4)
}

function writeU64 (bytes: Buffer, number: number, at: number): void {
  bytes.writeUInt32BE(Math.floor(number / U32), at)
  bytes.writeUInt32BE(number % U32, at + 4)
}

function prefix (table: PartitionTable, { topicId, number }: PartitionId, more: number): Buffer {
  const key = Buffer.allocUnsafe(PREFIX_BYTES + more)
  key[0] = table.charCodeAt(0)
  key.writeUInt32BE(topicId, 1)
  key.writeUInt32BE(number, 5)
  return key
}
