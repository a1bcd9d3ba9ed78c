import { FAMILIES, prefixOf } from './families.js'

/**
 * How many of each, kept with every write that changes it:
 *
 *     0x6e 'n' · collection u32  → live u48 · setAside u48
 *     0x76 'v' · tables u32      → next u32 · coded u32 · refused u32
 */
export interface ItemCounts {
  readonly live: number
  /** Entries of what was kept out, one an id. */
  readonly setAside: number
}

/** Of one version, among live items. */
export interface CodeCounts {
  /** The ordinal the next code gets. */
  readonly next: number
  readonly coded: number
  readonly refused: number
}

export function encodeItemCountsKey (collection: number): Buffer {
  return prefixOf(FAMILIES.itemCounts, collection)
}

export function encodeItemCounts ({ live, setAside }: ItemCounts): Buffer {
  const row = Buffer.allocUnsafe(12)
  row.writeUIntBE(live, 0, 6)
  row.writeUIntBE(setAside, 6, 6)
  return row
}

export function decodeItemCounts (row: Buffer | undefined): ItemCounts {
  return row ? { live: row.readUIntBE(0, 6), setAside: row.readUIntBE(6, 6) } : { live: 0, setAside: 0 }
}

export function encodeCodeCountsKey (tables: number): Buffer {
  return prefixOf(FAMILIES.versionCounts, tables)
}

export function encodeCodeCounts ({ next, coded, refused }: CodeCounts): Buffer {
  const row = Buffer.allocUnsafe(12)
  row.writeUInt32BE(next, 0)
  row.writeUInt32BE(coded, 4)
  row.writeUInt32BE(refused, 8)
  return row
}

export function decodeCodeCounts (row: Buffer | undefined): CodeCounts {
  return row ? { next: row.readUInt32BE(0), coded: row.readUInt32BE(4), refused: row.readUInt32BE(8) } : { next: 0, coded: 0, refused: 0 }
}
