import type { Labels } from '../../trainer/labels.js'
import type { CodeSet } from '../code-set.js'

/**
 * What one query finds: how many items of each gain at each place, nearest first. Items in one place are equals: their
 * order says nothing, and no metric here depends on it. In a Hamming ranking the place is the distance.
 *
 * The gain of an item is the number of labels it shares with the query; it is relevant when that is 1 or more.
 */
export interface Tally {
  readonly places: number
  /** The highest gain counted. */
  readonly levels: number
  /** [places, levels + 1] */
  readonly counts: Uint32Array
}

/** Codes with their labels. */
export interface Labelled {
  readonly codes: CodeSet
  readonly labels: Labels
}

/**
 * Counts the database by Hamming distance to query `q`. One pass without a sort: 45,000 codes of 64 bits take a fraction
 * of a millisecond.
 *
 * @param levels gains above it are counted as it.
 * @param into where to count, to spare the allocation: cleared first.
 * @throws RangeError when widths or label counts differ.
 */
export function tallyByDistance (queries: Labelled, q: number, database: Labelled, levels: number, into?: Uint32Array): Tally {
  const { codes, labels } = database
  if (queries.codes.bits !== codes.bits) throw new RangeError(`queries have ${queries.codes.bits} bits and the database ${codes.bits}`)
  if (queries.labels.stride !== labels.stride) throw new RangeError('queries and database have different label counts')
  const places = codes.bits + 1
  const counts = into ?? new Uint32Array(places * (levels + 1))
  if (counts.length !== places * (levels + 1)) throw new RangeError('into has another size')
  counts.fill(0)
  const query = queries.codes.words.subarray(q * codes.stride, (q + 1) * codes.stride)
  const wanted = queries.labels.words.subarray(q * labels.stride, (q + 1) * labels.stride)
  if (codes.stride === 2 && labels.stride === 1 && levels === 1) countPairs(query, wanted[0]!, codes.words, labels.words, counts)
  else countAny(query, wanted, codes, labels, levels, counts)
  return { places, levels, counts }
}

/**
 * A tally of items with a place each: for orders that are no Hamming distances.
 *
 * @param places the place of each item, 0 or more, below `of`.
 */
export function tallyOf (places: ArrayLike<number>, gains: ArrayLike<number>, of: number, levels: number): Tally {
  const counts = new Uint32Array(of * (levels + 1))
  for (let i = 0; i < places.length; i++) counts[places[i]! * (levels + 1) + Math.min(levels, gains[i]!)]! += 1
  return { places: of, levels, counts }
}

/** The gain of item `i` for a query's label words: how many labels both have. */
export function gainOf (wanted: Uint32Array, labels: Labels, i: number): number {
  let gain = 0
  for (let w = 0; w < wanted.length; w++) gain += popcount(wanted[w]! & labels.words[i * labels.stride + w]!)
  return gain
}

/** How many relevant items a tally has, over all places. */
export function relevantIn ({ places, levels, counts }: Tally): number {
  let relevant = 0
  for (let place = 0; place < places; place++) for (let gain = 1; gain <= levels; gain++) relevant += counts[place * (levels + 1) + gain]!
  return relevant
}

/** Codes of two words and one word of labels: what most evaluations are, so it is written out. */
function countPairs (query: Uint32Array, wanted: number, codes: Uint32Array, labels: Uint32Array, counts: Uint32Array): void {
  const high = query[0]!
  const low = query[1]!
  for (let i = 0, at = 0; i < labels.length; i++, at += 2) {
    let a = codes[at]! ^ high
    let b = codes[at + 1]! ^ low
    // Both words are counted side by side: sums of 2, 4 and 8 bits never overflow their field.
    a -= (a >>> 1) & 0x55555555
    b -= (b >>> 1) & 0x55555555
    a = (a & 0x33333333) + ((a >>> 2) & 0x33333333) + (b & 0x33333333) + ((b >>> 2) & 0x33333333)
    const distance = Math.imul((a & 0x0f0f0f0f) + ((a >>> 4) & 0x0f0f0f0f), 0x01010101) >>> 24
    counts[2 * distance + ((labels[i]! & wanted) === 0 ? 0 : 1)]! += 1
  }
}

function countAny (query: Uint32Array, wanted: Uint32Array, codes: CodeSet, labels: Labels, levels: number, counts: Uint32Array): void {
  const { words, stride } = codes
  for (let i = 0; i < codes.count; i++) {
    let distance = 0
    for (let w = 0; w < stride; w++) distance += popcount(words[i * stride + w]! ^ query[w]!)
    counts[distance * (levels + 1) + Math.min(levels, gainOf(wanted, labels, i))]! += 1
  }
}

function popcount (word: number): number {
  let x = word - ((word >>> 1) & 0x55555555)
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
