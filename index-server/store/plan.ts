import type { SearchEstimate } from './code-store.js'
import { ringSize } from './chunk-ring.js'
import type { VersionTables } from './version-tables.js'

/**
 * What reading costs on disk, in microseconds: medians on one core of a virtual server, RocksDB's blocks in memory.
 * Only their ratios matter: they decide when a scan takes over.
 */
const BUCKET_US = 100
const ROW_US = 1.5
const PAGE_US = 20
const CODE_BYTE_US = 0.002

/** Of what a scan would cost, how much probing may spend before the scan takes over. */
const BUDGET = 0.5

/** How long a scan of everything may take. */
export function scanEstimateMs (tables: VersionTables): number {
  return (Math.ceil(tables.next / tables.shape.pageCodes) * PAGE_US + tables.next * tables.codeBytes * CODE_BYTE_US) / 1000
}

/** How long it may take to read `buckets` buckets with `rows` codes in them. */
export function probeEstimateMs (buckets: number, rows: number): number {
  return (buckets * BUCKET_US + rows * ROW_US) / 1000
}

/** What finding everything within a radius may take, if codes lay evenly. */
export function searchEstimate (tables: VersionTables, radius: number): SearchEstimate {
  const { chunking: { widths }, next } = tables
  let probeMs = 0
  // Stage i probes table i mod m at chunk distance floor(i / m): behind it all within i has been found.
  for (let stage = 0; stage <= radius; stage++) {
    const width = widths[stage % widths.length]!
    const buckets = ringSize(width, Math.floor(stage / widths.length))
    probeMs += Math.min(probeEstimateMs(buckets, buckets * next / 2 ** width), probeEstimateMs(1, next))
  }
  return { probeMs, scanMs: scanEstimateMs(tables) }
}

/** What probing may spend. */
export function probeBudgetMs (tables: VersionTables): number {
  return scanEstimateMs(tables) * BUDGET
}
