import type { SetAsideKey, StoredSetAside } from '../collection-store.js'
import { FAMILIES } from './families.js'
import { RowReader, RowWriter } from './row-coding.js'

const writer = new RowWriter()
const HIGHEST = 2 ** 48 - 1

/**
 * What was kept out: of each id the newest entry, newest first.
 *
 *     byte   0      0x73 's'    entries
 *            1-4    collection  u32
 *            5-10   offset      u48, taken from 2^48 - 1, so that the newest is first
 *            11-12  partition   u16
 */
export function encodeSetAsideKey (collection: number, { partition, offset }: SetAsideKey): Buffer {
  const key = Buffer.allocUnsafe(13)
  key[0] = FAMILIES.setAside
  key.writeUInt32BE(collection, 1)
  key.writeUIntBE(HIGHEST - offset, 5, 6)
  key.writeUInt16BE(partition, 11)
  return key
}

/**
 *     byte   0     0x53 'S'    where an id's entry stands
 *            1-4   collection  u32
 *            5-    id          UTF-8, to the end
 *
 *     value: partition u16 · offset u48
 */
export function encodeSetAsideOfKey (collection: number, id: string): Buffer {
  const key = Buffer.allocUnsafe(5 + Buffer.byteLength(id))
  key[0] = FAMILIES.setAsideOf
  key.writeUInt32BE(collection, 1)
  key.write(id, 5, 'utf8')
  return key
}

export function encodeSetAsidePlace ({ partition, offset }: SetAsideKey): Buffer {
  const row = Buffer.allocUnsafe(8)
  row.writeUInt16BE(partition, 0)
  row.writeUIntBE(offset, 2, 6)
  return row
}

export function decodeSetAsidePlace (row: Buffer): SetAsideKey {
  return { partition: row.readUInt16BE(0), offset: row.readUIntBE(2, 6) }
}

/** The fields in this order, as `row-coding.ts` writes them. */
export function encodeSetAside (entry: StoredSetAside): Buffer {
  const { partition, offset, id, code, message, stage, sourceTopic, sourcePartition, sourceOffset, atMs, imageBytes } = entry
  writer.number(partition).number(offset).text(id).text(code).text(message).text(stage)
  return writer.text(sourceTopic).number(sourcePartition).signed(sourceOffset).signed(atMs).number(imageBytes).take()
}

export function decodeSetAside (row: Buffer): StoredSetAside {
  const reader = new RowReader(row)
  return {
    partition: reader.number(),
    offset: reader.number(),
    id: reader.text(),
    code: reader.text(),
    message: reader.text(),
    stage: reader.text(),
    sourceTopic: reader.text(),
    sourcePartition: reader.number(),
    sourceOffset: reader.signed(),
    atMs: reader.signed(),
    imageBytes: reader.number()
  }
}
