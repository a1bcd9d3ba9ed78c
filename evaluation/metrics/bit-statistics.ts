import { chunkAt, chunking, suitableChunks } from '../../hamming/chunks.js'
import { codeAt, type CodeSet } from '../code-set.js'

/** How well a set of codes uses its bits. */
export interface BitStatistics {
  /** Entropy of a bit, in bits, mean over all: 1 where every bit is on for half of the codes. */
  readonly entropy: number
  /** The same of the worst bit: 0 says that it never changes. */
  readonly lowestEntropy: number
  /** |Pearson's correlation| of two bits, mean over all pairs of bits that change. 0 is independence. */
  readonly correlation: number
  readonly highestCorrelation: number
  /** How many codes differ from all before them. */
  readonly distinct: number
  readonly buckets: BucketBalance
}

/** How evenly codes fill the buckets of tables over their chunks. */
export interface BucketBalance {
  readonly tables: number
  /** Entropy over the buckets of a table, as a share of the most there can be; mean over tables. 1 is even. */
  readonly entropy: number
  /** Codes in the bucket that a code of the set falls into, mean over codes and tables: what one probe has to read. */
  readonly meanBucket: number
  readonly largestBucket: number
}

/** @param tables @default as many as `suitableChunks` proposes for so many codes. */
export function bitStatistics (codes: CodeSet, tables: number = suitableChunks(codes.bits, codes.count)): BitStatistics {
  const planes = bitPlanes(codes)
  const ones = planes.map(plane => plane.reduce((sum, word) => sum + popcount(word), 0))
  const entropies = ones.map(on => binaryEntropy(on / codes.count))
  const correlations: number[] = []
  for (let a = 0; a < codes.bits; a++) {
    for (let b = a + 1; b < codes.bits; b++) {
      const spread = Math.sqrt(variance(ones[a]!, codes.count) * variance(ones[b]!, codes.count))
      if (spread === 0) continue
      let both = 0
      for (let w = 0; w < planes[a]!.length; w++) both += popcount(planes[a]![w]! & planes[b]![w]!)
      correlations.push(Math.abs(both / codes.count - ones[a]! * ones[b]! / codes.count ** 2) / spread)
    }
  }
  return {
    entropy: mean(entropies),
    lowestEntropy: Math.min(...entropies),
    correlation: correlations.length === 0 ? 0 : mean(correlations),
    highestCorrelation: correlations.reduce((most, value) => Math.max(most, value), 0),
    distinct: new Set(Array.from({ length: codes.count }, (_, i) => Buffer.from(codeAt(codes, i)).toString('latin1'))).size,
    buckets: bucketBalance(codes, tables)
  }
}

function bucketBalance (codes: CodeSet, tables: number): BucketBalance {
  const cut = chunking(codes.bits, tables)
  let entropy = 0
  let meanBucket = 0
  let largestBucket = 0
  for (let t = 0; t < tables; t++) {
    const buckets = new Map<number, number>()
    for (let i = 0; i < codes.count; i++) {
      const chunk = chunkAt(codeAt(codes, i), cut, t)
      buckets.set(chunk, (buckets.get(chunk) ?? 0) + 1)
    }
    const most = Math.min(cut.widths[t]!, Math.log2(codes.count))
    let own = 0
    for (const size of buckets.values()) {
      own -= size / codes.count * Math.log2(size / codes.count)
      meanBucket += size * size / codes.count / tables
      largestBucket = Math.max(largestBucket, size)
    }
    entropy += own / most / tables
  }
  return { tables, entropy, meanBucket, largestBucket }
}

/** Bit b of all codes, 32 codes a word. */
function bitPlanes ({ bits, count, words, stride }: CodeSet): Uint32Array[] {
  return Array.from({ length: bits }, (_, bit) => {
    const plane = new Uint32Array(Math.ceil(count / 32))
    for (let i = 0; i < count; i++) {
      if ((words[i * stride + (bit >> 5)]! >>> (31 - (bit & 31))) & 1) plane[i >> 5]! |= 1 << (i & 31)
    }
    return plane
  })
}

function binaryEntropy (p: number): number {
  return p === 0 || p === 1 ? 0 : -p * Math.log2(p) - (1 - p) * Math.log2(1 - p)
}

function variance (ones: number, count: number): number {
  return ones / count * (1 - ones / count)
}

function mean (values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function popcount (word: number): number {
  let ones = 0
  for (let rest = word; rest !== 0; rest &= rest - 1) ones++
  return ones
}
