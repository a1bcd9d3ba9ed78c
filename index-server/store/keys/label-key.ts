import { createHash } from 'node:crypto'
import { FAMILIES, prefixOf } from './families.js'

/** Longer labels stand in keys by their SHA-256: whoever reads ids by label looks at the labels again. */
const LONGEST = 255
const HASHED = 0xffff

/**
 * Which live images have a label: the value is a byte 1.
 *
 *     byte   0     0x6c 'l'    labels
 *            1-4   collection  u32
 *            5-6   length      u16, of the label in bytes; 0xffff for a long one
 *            7-    label       UTF-8, of a long one the 32 bytes of its SHA-256; then the id: UTF-8, to the end
 *
 * With its length in front a label is no other one's beginning, whatever is in it.
 */
export function encodeLabelKey (collection: number, label: string, id: string): Buffer {
  return Buffer.concat([labelPrefix(collection, label), Buffer.from(id, 'utf8')])
}

/** What all keys of one label begin with. */
export function labelPrefix (collection: number, label: string): Buffer {
  const bytes = Buffer.from(label, 'utf8')
  const long = bytes.length > LONGEST
  const length = Buffer.allocUnsafe(2)
  length.writeUInt16BE(long ? HASHED : bytes.length)
  return Buffer.concat([prefixOf(FAMILIES.label, collection), length, long ? createHash('sha256').update(bytes).digest() : bytes])
}

export function idOfLabelKey (key: Buffer): string {
  const length = key.readUInt16BE(5)
  return key.toString('utf8', 7 + (length === HASHED ? 32 : length))
}
