import { chunking, type Chunking } from '../../../hamming/chunks.js'
import { SLAB, wordsOf } from './layout.js'
import type { Slab } from './slab.js'

/**
 * What the parts of a search cost, in nanoseconds, as measured on one machine. What counts is how they stand to each
 * other, which differs little between machines.
 */
export const COSTS = {
  /** A code compared in a scan, and each of its words. */
  scanNs: 0.3,
  scanWordNs: 0.5,
  /** A code compared in a bucket that holds its codes, and each of its words. */
  codeNs: 0.4,
  codeWordNs: 0.5,
  /** A code that a bucket names by number: most often in no cache. */
  farCodeNs: 13,
  /** A bucket in a table that the caches hold, and in one that they do not. */
  nearBucketNs: 18,
  farBucketNs: 30,
  /** A code found by probing where the caches do not hold all: it lies anywhere, a scan finds in the order of memory. */
  foundNs: 130
} as const

/** A search that is expected to take longer than this leaves the caller's turn. */
export const INLINE_NS = 300_000
/** Of all searches that come in one turn of the event loop, that much is done in it. */
export const TURN_NS = 2_000_000
/** Where there is no other thread, a long search takes the event loop for so long at a time. */
export const SLICE_NS = 1_000_000
/** The share of a scan's time that may be lost by probing in vain. */
export const GAMBLE = 0.05

/** Tables up to this size are taken to lie in the caches. */
const CACHED_BYTES = 8 * 2 ** 20

/** How each bit in which a bucket differs from the query's thins its codes, down to the mean of all buckets. */
const THINNING = 0.4

/**
 * Into how many chunks codes are cut. Wider chunks make smaller buckets, of which more must be probed; measured on
 * clustered and on learned codes, the best is a little wider than log2(n) / 1.3 bits, and flat around it.
 */
export function chunkingFor (bits: number, entries: number, chunks?: number): Chunking {
  const width = Math.min(24, Math.max(8, Math.round(Math.log2(Math.max(2, entries)) * 0.8)))
  return chunking(bits, chunks ?? Math.max(Math.ceil(bits / 24), Math.round(bits / width)))
}

export interface StageCosts {
  readonly bucketNs: number
  readonly codeNs: number
  readonly foundNs: number
  /** Entry i: nanoseconds that the stages before stage i are expected to take together. bits + 2 entries. */
  readonly stageNs: Float64Array
}

/**
 * What probing is expected to cost.
 *
 * @param crowding of each table: the expected size of the bucket of one of its own codes.
 */
export function stageCosts (cut: Chunking, entries: number, crowding: readonly number[]): StageCosts {
  const m = cut.widths.length
  const narrow = wordsOf(cut.bits) <= 2
  const tableBytes = entries * (3 + (narrow ? wordsOf(cut.bits) * 8 : 0)) + 4 * 2 ** cut.widths[0]!
  const cached = tableBytes * m <= CACHED_BYTES
  const bucketNs = cached ? COSTS.nearBucketNs : COSTS.farBucketNs
  const codeNs = narrow ? COSTS.codeNs + COSTS.codeWordNs * wordsOf(cut.bits) : COSTS.farCodeNs
  const stageNs = new Float64Array(cut.bits + 2)
  for (let stage = 0; stage <= cut.bits; stage++) {
    const step = Math.floor(stage / m)
    const width = cut.widths[stage % m]!
    const mean = entries / 2 ** width
    const size = mean + Math.max(0, crowding[stage % m]! - mean) * THINNING ** step
    stageNs[stage + 1] = stageNs[stage]! + choose(width, step) * (bucketNs + size * codeNs)
  }
  return { bucketNs, codeNs, foundNs: cached ? 0 : COSTS.foundNs, stageNs }
}

/** What a scan of so many codes takes. */
export function scanCostNs (bits: number, entries: number): number {
  return entries * (COSTS.scanNs + COSTS.scanWordNs * wordsOf(bits))
}

/** What finding everything within a radius is expected to take in a slab: by its tables, which a tail has none of, and by a scan. */
export function estimate (slab: Slab, radius: number): { readonly probeNs: number, readonly scanNs: number } {
  const scanNs = scanCostNs(slab.bits, slab.entries)
  return { scanNs, probeNs: slab.tables === 0 ? scanNs : slab.f64[(slab.get(SLAB.stageNs) >> 3) + radius + 1]! }
}

function choose (n: number, k: number): number {
  if (k > n) return 0
  let ways = 1
  for (let i = 1; i <= k; i++) ways = ways * (n - k + i) / i
  return ways
}
