/**
 * The first byte of every key: which family of rows it belongs to. The directory is one ordered map, so the families
 * are its tables. A byte once given is never given to something else.
 */
export const FAMILIES = {
  /** That this is our directory, and of which format: `format-row.ts`. */
  format: 0x00,
  /** Names and what was made under them: `catalogue-rows.ts`. */
  collection: byte('C'),
  version: byte('V'),
  dropping: byte('D'),
  droppingCollection: byte('E'),
  numbers: byte('N'),
  /** What is kept of each id: `join-record.ts`, `picture-key.ts`, `label-key.ts`. */
  join: byte('i'),
  picture: byte('I'),
  label: byte('l'),
  /** How far the log has been folded: `position-row.ts`, `progress-row.ts`, `seen-key.ts`. */
  position: byte('p'),
  progress: byte('g'),
  seen: byte('W'),
  /** What was kept out: `set-aside-rows.ts`. */
  setAside: byte('s'),
  setAsideOf: byte('S'),
  /** How many of each: `count-rows.ts`. */
  itemCounts: byte('n'),
  versionCounts: byte('v'),
  /** A version's tables: `posting-key.ts`, `code-record.ts`, `page-rows.ts`. */
  posting: byte('t'),
  code: byte('c'),
  codePage: byte('k'),
  positionPage: byte('o'),
  removed: byte('x')
} as const

function byte (letter: string): number {
  return letter.charCodeAt(0)
}

/** A family's byte and a u32: what all rows of one collection, or of one version's tables, begin with. */
export function prefixOf (family: number, number: number): Buffer {
  const prefix = Buffer.allocUnsafe(5)
  prefix[0] = family
  prefix.writeUInt32BE(number, 1)
  return prefix
}
