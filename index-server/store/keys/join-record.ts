import { HammingbirdError, type ErrorCode } from '../../../errors.js'
import type { Code } from '../../../hamming/code.js'
import type { SourcePosition } from '../collection-store.js'
import { FAMILIES } from './families.js'

/** All that is kept under an image's id. Immutable: the join makes a new one. */
export interface JoinRecord {
  /** In C.items: the same for an id for ever. */
  readonly partition: number
  /** `unknown`: labels or codes came before any item. */
  readonly state: 'unknown' | 'live' | 'gone'
  /** Offset of the newest item or tombstone; -1 when unknown. */
  readonly at: number
  /** While live: offset of the first item behind the last tombstone. */
  readonly bornAt: number
  /** While gone: what tombstone of the user's it was, where that is known. */
  readonly goneSource: SourcePosition | undefined
  /** At most one for each version's tables. */
  readonly codes: readonly CodeEntry[]
  /** Labels given later, as `encodeLabels` wrote them. */
  readonly labels: Buffer | undefined
  /** While live: as `encodeItemFields` wrote them. */
  readonly item: Buffer | undefined
  /** Whether a picture is kept. */
  readonly picture: boolean
}

/** What is known of an image under one version, and of which state of it: the offset of its item. */
export type CodeEntry =
  /** Searchable, under its ordinal. `detailed`: the code record has a detail. */
  | { readonly kind: 'coded', readonly tables: number, readonly itemOffset: number, readonly ordinal: number, readonly code: Code, readonly detailed: boolean }
  /** Not searchable yet: its item is still to come. */
  | { readonly kind: 'waiting', readonly tables: number, readonly itemOffset: number, readonly code: Code, readonly detail: Uint8Array | undefined }
  /** There is no code, and why. */
  | { readonly kind: 'refused', readonly tables: number, readonly itemOffset: number, readonly refused: ErrorCode }

/**
 *     byte   0     0x69 'i'    what is kept of an id
 *            1-4   collection  u32
 *            5-    id          UTF-8, to the end
 */
export function encodeJoinKey (collection: number, id: string): Buffer {
  const key = Buffer.allocUnsafe(5 + Buffer.byteLength(id))
  key[0] = FAMILIES.join
  key.writeUInt32BE(collection, 1)
  key.write(id, 5, 'utf8')
  return key
}

export function idOfJoinKey (key: Buffer): string {
  return key.toString('utf8', 5)
}

/**
 *     byte   0      format      1
 *            1      flags       bits 0-1 state: 0 unknown, 1 live, 2 gone · 2 labels · 3 picture · 4 goneSource
 *            2-3    partition   u16
 *            4-9    at          u48
 *            10-15  bornAt      u48
 *            16     codes       u8, how many; then each:
 *                     tables u32 · itemOffset u48 · kind u8: 0 coded, 1 coded with detail, 2 waiting, 3 refused
 *                     coded:   ordinal u32 · length u8 · code
 *                     waiting: length u8 · code · length u8, 0 for none · detail
 *                     refused: length u8 · error code
 *                   goneSource, by flag: partition u32 · offset u48
 *                   labels, by flag: length u32 · `encodeLabels`
 *                   while live: `encodeItemFields`, to the end
 */
export function encodeJoinRecord (record: JoinRecord): Buffer {
  const { partition, state, at, bornAt, goneSource, codes, labels, item, picture } = record
  let length = HEAD + (goneSource ? 10 : 0) + (labels ? 4 + labels.length : 0) + (item?.length ?? 0)
  for (const entry of codes) length += entryLength(entry)
  const row = Buffer.allocUnsafe(length)
  row[0] = FORMAT
  row[1] = STATES.indexOf(state) | (labels ? 4 : 0) | (picture ? 8 : 0) | (goneSource ? 16 : 0)
  row.writeUInt16BE(partition, 2)
  row.writeUIntBE(Math.max(0, at), 4, 6)
  row.writeUIntBE(Math.max(0, bornAt), 10, 6)
  row[16] = codes.length
  let end = HEAD
  for (const entry of codes) end = writeEntry(row, end, entry)
  if (goneSource) {
    end = row.writeUInt32BE(goneSource.partition, end)
    end = row.writeUIntBE(goneSource.offset, end, 6)
  }
  if (labels) {
    end = row.writeUInt32BE(labels.length, end)
    row.set(labels, end)
    end += labels.length
  }
  if (item) row.set(item, end)
  return row
}

const FORMAT = 1
const HEAD = 17
const STATES = ['unknown', 'live', 'gone'] as const
const ENTRY_HEAD = 11

/** Bytes in it are views of `row`. */
export function decodeJoinRecord (row: Buffer): JoinRecord {
  if (row[0] !== FORMAT) throw new HammingbirdError('HAMMINGBIRD_FORMAT', `a join record of format ${row[0]}`)
  const flags = row[1]!
  const state = STATES[flags & 3]!
  const codes: CodeEntry[] = []
  let end = HEAD
  for (let count = row[16]!; count > 0; count--) {
    const entry = readEntry(row, end)
    codes.push(entry)
    end += entryLength(entry)
  }
  let goneSource: SourcePosition | undefined
  if ((flags & 16) !== 0) {
    goneSource = { partition: row.readUInt32BE(end), offset: row.readUIntBE(end + 4, 6) }
    end += 10
  }
  let labels: Buffer | undefined
  if ((flags & 4) !== 0) {
    const from = end + 4
    end = from + row.readUInt32BE(end)
    labels = row.subarray(from, end)
  }
  return {
    partition: row.readUInt16BE(2),
    state,
    at: state === 'unknown' ? -1 : row.readUIntBE(4, 6),
    bornAt: state === 'live' ? row.readUIntBE(10, 6) : -1,
    goneSource,
    codes,
    labels,
    item: state === 'live' ? row.subarray(end) : undefined,
    picture: (flags & 8) !== 0
  }
}

function entryLength (entry: CodeEntry): number {
  switch (entry.kind) {
    case 'coded': return ENTRY_HEAD + 5 + entry.code.length
    case 'waiting': return ENTRY_HEAD + 2 + entry.code.length + (entry.detail?.length ?? 0)
    case 'refused': return ENTRY_HEAD + 1 + entry.refused.length
  }
}

/** @returns where the next one begins. */
function writeEntry (row: Buffer, from: number, entry: CodeEntry): number {
  row.writeUInt32BE(entry.tables, from)
  row.writeUIntBE(entry.itemOffset, from + 4, 6)
  const body = from + ENTRY_HEAD
  switch (entry.kind) {
    case 'coded':
      row[from + 10] = entry.detailed ? 1 : 0
      row.writeUInt32BE(entry.ordinal, body)
      return writeBytes(row, body + 4, entry.code)
    case 'waiting':
      row[from + 10] = 2
      return writeBytes(row, writeBytes(row, body, entry.code), entry.detail)
    case 'refused':
      row[from + 10] = 3
      row[body] = entry.refused.length
      return body + 1 + row.write(entry.refused, body + 1, 'latin1')
  }
}

function readEntry (row: Buffer, from: number): CodeEntry {
  const tables = row.readUInt32BE(from)
  const itemOffset = row.readUIntBE(from + 4, 6)
  const kind = row[from + 10]!
  const body = from + ENTRY_HEAD
  if (kind <= 1) return { kind: 'coded', tables, itemOffset, ordinal: row.readUInt32BE(body), code: readBytes(row, body + 4), detailed: kind === 1 }
  if (kind === 3) return { kind: 'refused', tables, itemOffset, refused: readBytes(row, body).toString('latin1') as ErrorCode }
  const code = readBytes(row, body)
  const detail = readBytes(row, body + 1 + code.length)
  return { kind: 'waiting', tables, itemOffset, code, detail: detail.length === 0 ? undefined : detail }
}

function writeBytes (row: Buffer, from: number, bytes: Uint8Array | undefined): number {
  row[from] = bytes?.length ?? 0
  if (bytes) row.set(bytes, from + 1)
  return from + 1 + (bytes?.length ?? 0)
}

function readBytes (row: Buffer, from: number): Buffer {
  return row.subarray(from + 1, from + 1 + row[from]!)
}
