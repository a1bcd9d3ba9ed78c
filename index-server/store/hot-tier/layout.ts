/**
 * What lies where in a slab's memory: the twin of kernel/layout.as.ts, whose fields these are, in the same order (a test
 * holds the two together). All offsets are bytes; every slab's memory begins with the same map:
 *
 *     64 Slab · 128 Input · 256 Table[128] · 4096 stageNs · 16384 contexts, one a thread · the codes and their tables
 */
export const SLAB = fields({
  words: 4, bits: 4, entries: 4, slots: 4, tables: 4, table: 4, codes: 4, runs: 4, ordinals: 4, deletedAt: 4, stageNs: 4, bucketNs: 4, codeNs: 4, foundNs: 4
})
export const TABLE = fields({ offsets: 4, codes: 4, entries: 4, byte: 4, shift: 4, mask: 4, width: 4 })
export const QUERY = fields({
  k: 4, reach: 4, sequence: 4, ordinalsEnd: 4, checks: 4, found: 4, step: 4, table: 4, flips: 4, position: 4, out: 4, count: 4, capacity: 4,
  buckets: 4, candidates: 4, counts: 4, chunks: 4, code: 4, group: 4, spentNs: 8, pauseNs: 8, scanNs: 8, gambleNs: 8, touched: 8
})
export const FOUND = fields({ entry: 4, distance: 4, weight: 4 })
export const INPUT = fields({ count: 4, sortBits: 4, codes: 4, ordinals: 4, deletedAt: 4, order: 4, buckets: 4 })

export const SLAB_AT = 64
export const INPUT_AT = 128
export const TABLES_AT = 256
export const STAGES_AT = 4096
export const CONTEXTS_AT = 16384

const CODE = 128
const CHUNKS = CODE + 136
const GROUP = CHUNKS + 512
const COUNTS = GROUP + 32 * 12 + 8
const OUT = COUNTS + 4104
const CAPACITY = 4096
/** A context: a Query, and behind it its code, chunks, group, counts and `out`. Without `out` it is all there is to a search that stands still. */
export const CONTEXT = {
  code: CODE, chunks: CHUNKS, group: GROUP, counts: COUNTS, out: OUT, capacity: CAPACITY, sizeBytes: OUT + CAPACITY * FOUND.sizeBytes
} as const

export const NO_LIMIT = 0xffff_ffff
/** `deletedAt` of a slot that nothing has removed. */
export const ALIVE = 0xffff_ffff
export const CHECK_DELETED = 1
export const CHECK_ADDED = 2
export const CHECK_ACCEPT = 4

/** What `probe` returns. */
export const STATUS = { complete: 0, full: 1, paused: 2, gaveUp: 3 } as const

/** An entry's number in a table takes 24 bits, and a bucket's end is one past the last. */
export const MAX_ENTRIES = 2 ** 24 - 1

/** As many as there is room for in the map above. */
export const MAX_TABLES = 128

export function wordsOf (bits: number): number {
  return Math.ceil(bits / 64)
}

/** Offsets of fields that follow one another, each aligned to its own size, and the size of the whole. */
function fields<Name extends string> (sizes: Record<Name, 4 | 8>): Readonly<Record<Name | 'sizeBytes', number>> {
  const offsets: Record<string, number> = {}
  let at = 0
  for (const [name, size] of Object.entries<number>(sizes)) {
    at = Math.ceil(at / size) * size
    offsets[name] = at
    at += size
  }
  offsets['sizeBytes'] = at
  return offsets as Record<Name | 'sizeBytes', number>
}
