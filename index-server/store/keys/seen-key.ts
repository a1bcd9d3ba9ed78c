import { FAMILIES, prefixOf } from './families.js'

/** What a sweep looks after: items, labels, or the codes of one version's tables. */
export type Swept = 'items' | 'labels' | number

/**
 *     byte   0      0x57 'W'    ids that a sweep has met
 *            1-4    collection  u32
 *            5-8    swept       u32   0 items, 2^32 - 1 labels, else the tables whose codes
 *            9-10   partition   u16
 *            11-    id          UTF-8, to the end
 */
export function encodeSeenKey (collection: number, swept: Swept, partition: number, id: string): Buffer {
  return Buffer.concat([seenPrefix(collection, swept, partition), Buffer.from(id, 'utf8')])
}

/** What all ids that one sweep has met begin with. */
export function seenPrefix (collection: number, swept: Swept, partition: number): Buffer {
  const prefix = Buffer.allocUnsafe(11)
  prefix.set(prefixOf(FAMILIES.seen, collection))
  prefix.writeUInt32BE(swept === 'items' ? 0 : swept === 'labels' ? 0xffff_ffff : swept, 5)
  prefix.writeUInt16BE(partition, 9)
  return prefix
}

export function idOfSeenKey (key: Buffer): Buffer {
  return key.subarray(11)
}
