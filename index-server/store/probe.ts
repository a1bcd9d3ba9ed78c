import { chunkAt } from '../../hamming/chunks.js'
import type { Code } from '../../hamming/code.js'
import type { Entry, Range } from '../../kv/key-value.js'
import { chunkRing, ringSize } from './chunk-ring.js'
import { isVisible, offer, type DiskSearch } from './disk-search.js'
import { codeOfRecord, encodeCodeKey } from './keys/code-record.js'
import { INLINE_BITS, bucketRange, bucketsRange, ordinalOfPostingKey } from './keys/posting-key.js'
import { probeEstimateMs } from './plan.js'
import { popcount } from './popcount.js'

/** All buckets of table `table` at chunk distance exactly `distance`: probing goes by distance, then by table. */
export interface Step {
  readonly distance: number
  readonly table: number
}

export interface Probed {
  /** Nothing that is wanted is missing. */
  readonly complete: boolean
  /** The last step taken whole; undefined when there was none. */
  readonly last: Step | undefined
}

/** Buckets of one step that are read side by side: RocksDB reads in threads. */
const CONCURRENCY = 4

/**
 * Finds codes by their chunks: whoever is within r of the query is within r / m of it in some chunk (Norouzi, Punjani,
 * Fleet: Fast Exact Search in Hamming Space with Multi-Index Hashing, 2014).
 *
 * Steps go in the order (distance 0, 1, 2 …; table 0 … m − 1). A code counts in the first step that meets it, which its
 * own chunks tell, so no list of those already met is kept. Behind step (s, t) everything within m·s + t has been found.
 *
 * @param budgetMs ends before a step that would go past it.
 */
export async function probe (search: DiskSearch, budgetMs: number): Promise<Probed> {
  const { tables: { chunking: { widths }, shape: { chunks } }, snapshot, nearest } = search
  const query = search.tables.chunksOf(search.code)
  let last: Step | undefined
  let met = 0
  let rows = 0
  for (let distance = 0; distance <= widths[0]!; distance++) {
    for (let table = 0; table < chunks; table++) {
      // Met them all: there is nothing farther. (Removed ones that are gone from the disk are not met: then it goes on.)
      if (met === snapshot.count) return { complete: true, last }
      const size = ringSize(widths[table]!, distance)
      // Rows: at least as many a bucket as there would be if codes lay evenly, or as there were so far.
      const rowsEach = Math.max(snapshot.next / 2 ** widths[table]!, search.buckets === 0 ? 0 : rows / search.buckets)
      const byBucket = probeEstimateMs(size, size * rowsEach)
      const whole = probeEstimateMs(1, snapshot.next)
      if (probeEstimateMs(search.buckets, rows) + Math.min(byBucket, whole) > budgetMs) return { complete: false, last }
      const step = { distance, table }
      const ranges = byBucket <= whole ? bucketRanges(search, query[table]!, step) : tableRange(search, table)
      const seen = await takeStep(search, query, step, ranges)
      rows += seen.rows
      met += seen.met
      last = step
      if (chunks * distance + table >= nearest.limit) return { complete: true, last }
    }
  }
  return { complete: true, last }
}

/** Whether a code was already met in step `last` or before. */
export function metBy (last: Step | undefined, query: readonly number[], codeChunk: (table: number) => number): boolean {
  if (!last) return false
  let first: Step | undefined
  for (let table = 0; table < query.length; table++) {
    const distance = popcount(query[table]! ^ codeChunk(table))
    if (!first || distance < first.distance) first = { distance, table }
  }
  return first!.distance < last.distance || (first!.distance === last.distance && first!.table <= last.table)
}

function * bucketRanges ({ tables: { shape, chunking } }: DiskSearch, chunk: number, { distance, table }: Step): Generator<Range, void> {
  for (const value of chunkRing(chunk, chunking.widths[table]!, distance)) yield bucketRange(shape.number, table, value)
}

/** All of a table at once: dearer than a few buckets, cheaper than very many. */
function * tableRange ({ tables: { shape, chunking } }: DiskSearch, table: number): Generator<Range, void> {
  yield bucketsRange(shape.number, table, 0, 2 ** chunking.widths[table]!, chunking)
}

/** Reads the ranges of one step, a few side by side. */
async function takeStep (search: DiskSearch, query: readonly number[], step: Step, ranges: Generator<Range, void>): Promise<{ rows: number, met: number }> {
  const taken = { rows: 0, met: 0 }
  const read = async (): Promise<void> => {
    for (let range = ranges.next(); !range.done; range = ranges.next()) {
      search.buckets++
      for await (const run of search.tables.kv.iterate(range.value)) {
        taken.rows += run.length
        taken.met += await verify(search, query, step, run)
        await search.breathe()
      }
    }
  }
  try {
    await Promise.all(Array.from({ length: CONCURRENCY }, read))
  } finally {
    ranges.return() // when one has failed, the others end with the range they have
  }
  return taken
}

/**
 * Compares the codes of a run of postings, bit by bit.
 *
 * @returns how many of them this step is the first to meet: nearer by no chunk, and as near by none of an earlier table.
 */
async function verify (search: DiskSearch, query: readonly number[], { distance, table }: Step, run: readonly Entry[]): Promise<number> {
  const { chunking } = search.tables
  let met = 0
  for (const { ordinal, code } of await codesOf(search, run)) {
    let total = 0
    let first = true
    for (let other = 0; first && other < query.length; other++) {
      const apart = popcount(query[other]! ^ chunkAt(code, chunking, other))
      first = other < table ? apart > distance : other > table ? apart >= distance : apart === distance
      total += apart
    }
    search.candidates++
    if (!first || !isVisible(search, ordinal)) continue
    met++
    offer(search, total, ordinal, code)
  }
  return met
}

/** The codes behind postings: in them while codes are narrow, else looked up. What was removed meanwhile is left out. */
async function codesOf ({ tables: { kv, shape } }: DiskSearch, run: readonly Entry[]): Promise<{ ordinal: number, code: Code }[]> {
  if (shape.bits <= INLINE_BITS) return run.map(({ key, value }) => ({ ordinal: ordinalOfPostingKey(key), code: value }))
  const records = await kv.getMany(run.map(({ key }) => encodeCodeKey(shape.number, ordinalOfPostingKey(key))))
  return run.flatMap(({ key }, i) => {
    const record = records[i]
    return record ? [{ ordinal: ordinalOfPostingKey(key), code: codeOfRecord(record) }] : []
  })
}
