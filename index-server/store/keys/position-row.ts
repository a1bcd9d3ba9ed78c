import type { AppliedPosition } from '../collection-store.js'
import { FAMILIES } from './families.js'

/**
 *     byte   0     0x70 'p'    how far a topic-partition has been folded
 *            1-4   collection  u32
 *            5-6   partition   u16
 *            7-    topic       UTF-8, to the end
 *
 *     value: next u48 · atMs u48
 */
export function encodePositionKey (collection: number, topic: string, partition: number): Buffer {
  const key = Buffer.allocUnsafe(7 + Buffer.byteLength(topic))
  key[0] = FAMILIES.position
  key.writeUInt32BE(collection, 1)
  key.writeUInt16BE(partition, 5)
  key.write(topic, 7, 'utf8')
  return key
}

export function decodePositionKey (key: Buffer): { topic: string, partition: number } {
  return { topic: key.toString('utf8', 7), partition: key.readUInt16BE(5) }
}

export function encodePosition ({ next, atMs }: AppliedPosition): Buffer {
  const row = Buffer.allocUnsafe(12)
  row.writeUIntBE(next, 0, 6)
  row.writeUIntBE(atMs, 6, 6)
  return row
}

export function decodePosition (row: Buffer): AppliedPosition {
  return { next: row.readUIntBE(0, 6), atMs: row.readUIntBE(6, 6) }
}
