import type { Code } from '../../../hamming/code.js'
import { HammingbirdError } from '../../../errors.js'
import { FAMILIES } from './families.js'

/** What is kept of a code under its ordinal. It never changes: an image whose code changes gets a new ordinal. */
export interface CodeRecord {
  readonly id: string
  /** In C.items: the state of the image that the code was made from. */
  readonly partition: number
  readonly itemOffset: number
  readonly code: Code
  readonly detail: Uint8Array | undefined
}

/**
 *     byte   0     0x63 'c'  codes by ordinal
 *            1-4   tables    u32
 *            5-8   ordinal   u32
 */
export function encodeCodeKey (tables: number, ordinal: number): Buffer {
  const key = Buffer.allocUnsafe(9)
  key[0] = FAMILIES.code
  key[1] = tables >>> 24
  key[2] = tables >>> 16
  key[3] = tables >>> 8
  key[4] = tables
  key[5] = ordinal >>> 24
  key[6] = ordinal >>> 16
  key[7] = ordinal >>> 8
  key[8] = ordinal
  return key
}

export function ordinalOfCodeKey (key: Buffer): number {
  return key.readUInt32BE(5)
}

/**
 *     byte   0     format      1
 *            1-2   partition   u16
 *            3-8   itemOffset  u48
 *            9     code        u8, its length
 *            10    detail      u8, its length; 0 for none
 *            11-   code, detail, then the id: UTF-8, to the end
 */
export function encodeCodeRecord ({ id, partition, itemOffset, code, detail }: CodeRecord): Buffer {
  const idBytes = Buffer.byteLength(id)
  const detailBytes = detail?.length ?? 0
  const record = Buffer.allocUnsafe(HEAD + code.length + detailBytes + idBytes)
  record[0] = FORMAT
  record.writeUInt16BE(partition, 1)
  record.writeUIntBE(itemOffset, 3, 6)
  record[9] = code.length
  record[10] = detailBytes
  record.set(code, HEAD)
  if (detail) record.set(detail, HEAD + code.length)
  record.write(id, HEAD + code.length + detailBytes, 'utf8')
  return record
}

/** What the u8 of a detail's length can say. */
export const MAX_DETAIL_BYTES = 255

const FORMAT = 1
const HEAD = 11

/** The code and the detail are views of `record`. */
export function decodeCodeRecord (record: Buffer): CodeRecord {
  if (record[0] !== FORMAT) throw new HammingbirdError('HAMMINGBIRD_FORMAT', `a code record of format ${record[0]}`)
  const codeEnd = HEAD + record[9]!
  const detailEnd = codeEnd + record[10]!
  return {
    partition: record.readUInt16BE(1),
    itemOffset: record.readUIntBE(3, 6),
    code: record.subarray(HEAD, codeEnd),
    detail: detailEnd > codeEnd ? record.subarray(codeEnd, detailEnd) : undefined,
    id: record.toString('utf8', detailEnd)
  }
}

/** Only the code, as a view. */
export function codeOfRecord (record: Buffer): Code {
  return record.subarray(HEAD, HEAD + record[9]!)
}
