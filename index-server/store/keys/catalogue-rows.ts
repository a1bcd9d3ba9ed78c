import { FAMILIES, prefixOf } from './families.js'
import type { TableShape } from '../version-tables.js'

/**
 * What was made, and under which number its rows stand:
 *
 *     0x43 'C' · name UTF-8                      → collection u32
 *     0x56 'V' · collection u32 · version u32    → shape
 *     0x44 'D' · tables u32                      → shape: dropped, but rows of it may be left
 *     0x45 'E' · collection u32                  → a byte: dropped, but rows of it may be left
 *     0x4e 'N'                                   → next collection u32 · next tables u32
 *
 *     shape: tables u32 · bits u16 · chunks u8 · pageCodes u32
 *
 * Numbers of collections and tables begin at 1 and are never given twice, so what a crash left of something dropped is
 * never taken for something new.
 */
export function encodeCollectionKey (name: string): Buffer {
  return Buffer.concat([Buffer.from([FAMILIES.collection]), Buffer.from(name, 'utf8')])
}

export function nameOfCollectionKey (key: Buffer): string {
  return key.toString('utf8', 1)
}

export function encodeVersionKey (collection: number, version: number): Buffer {
  const key = Buffer.allocUnsafe(9)
  key[0] = FAMILIES.version
  key.writeUInt32BE(collection, 1)
  key.writeUInt32BE(version, 5)
  return key
}

export function versionOfKey (key: Buffer): number {
  return key.readUInt32BE(5)
}

export function encodeDroppingKey (tables: number): Buffer {
  return prefixOf(FAMILIES.dropping, tables)
}

export function encodeDroppingCollectionKey (collection: number): Buffer {
  return prefixOf(FAMILIES.droppingCollection, collection)
}

/** The number in a dropping key, of tables or of a collection. */
export function numberOfDroppingKey (key: Buffer): number {
  return key.readUInt32BE(1)
}

export function encodeShape ({ number, bits, chunks, pageCodes }: TableShape): Buffer {
  const row = Buffer.allocUnsafe(11)
  row.writeUInt32BE(number, 0)
  row.writeUInt16BE(bits, 4)
  row.writeUInt8(chunks, 6)
  row.writeUInt32BE(pageCodes, 7)
  return row
}

export function decodeShape (row: Buffer): TableShape {
  return { number: row.readUInt32BE(0), bits: row.readUInt16BE(4), chunks: row.readUInt8(6), pageCodes: row.readUInt32BE(7) }
}

export const NUMBERS_KEY = Buffer.from([FAMILIES.numbers])

/** The next numbers to give. */
export interface Numbers {
  readonly collection: number
  readonly tables: number
}

export function encodeNumbers ({ collection, tables }: Numbers): Buffer {
  const row = Buffer.allocUnsafe(8)
  row.writeUInt32BE(collection, 0)
  row.writeUInt32BE(tables, 4)
  return row
}

export function decodeNumbers (row: Buffer | undefined): Numbers {
  return row ? { collection: row.readUInt32BE(0), tables: row.readUInt32BE(4) } : { collection: 1, tables: 1 }
}
