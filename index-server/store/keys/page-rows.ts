import { FAMILIES } from './families.js'

/**
 * Pages: `pageCodes` codes after each other in one row, written once, when the last of them has come. They make a scan
 * and a start read few large rows instead of one a code.
 *
 *     byte   0     0x6b 'k'  codes: pageCodes × bits / 8 bytes
 *                  0x6f 'o'  positions: pageCodes × (partition u16, itemOffset u48)
 *                  0x78 'x'  removed: a bit an ordinal, most significant first, 1 where the code is gone
 *            1-4   tables    u32
 *            5-8   page      u32   its first ordinal is page × pageCodes
 *
 * Codes and positions of a page never change. Its row of removed bits is there from the first removal on.
 */
export function encodePageKey (family: 'codePage' | 'positionPage' | 'removed', tables: number, page: number): Buffer {
  const key = Buffer.allocUnsafe(9)
  key[0] = FAMILIES[family]
  key.writeUInt32BE(tables, 1)
  key.writeUInt32BE(page, 5)
  return key
}

export function pageOfKey (key: Buffer): number {
  return key.readUInt32BE(5)
}
