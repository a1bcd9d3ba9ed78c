import { assertBits, type Code } from './code.js'

/** How a code of `bits` bits is cut: chunk t is the `widths[t]` bits from bit `starts[t]` on. Widths differ by at most 1. */
export interface Chunking {
  readonly bits: number
  readonly starts: readonly number[]
  readonly widths: readonly number[]
}

/** A chunk is a bucket number of at most this many bits. */
export const MAX_CHUNK_BITS = 30

/**
 * Cuts codes of `bits` bits into `m` chunks, as evenly as can be, the wider ones first.
 *
 * @throws RangeError when a chunk would have no bit, or more than `MAX_CHUNK_BITS`.
 */
export function chunking (bits: number, m: number): Chunking {
  assertBits(bits)
  if (!Number.isInteger(m) || m < Math.ceil(bits / MAX_CHUNK_BITS) || m > bits) {
    throw new RangeError(`${bits} bits can be cut into ${Math.ceil(bits / MAX_CHUNK_BITS)} to ${bits} chunks, not ${m}`)
  }
  const widths = Array.from({ length: m }, (_, t) => Math.floor(bits / m) + (t < bits % m ? 1 : 0))
  const starts = widths.map((_, t) => widths.slice(0, t).reduce((sum, width) => sum + width, 0))
  return { bits, starts, widths }
}

/**
 * How many chunks suit `n` codes: about log2(n) bits a chunk, so that a bucket holds about one code
 * (Norouzi, Punjani, Fleet 2014, section 3.3), held between 8 and 24 bits a chunk.
 */
export function suitableChunks (bits: number, n: number): number {
  const width = Math.min(24, Math.max(8, Math.round(Math.log2(Math.max(2, n)))))
  return Math.max(1, Math.round(bits / width), Math.ceil(bits / 24))
}

/** The value of chunk `t` of a code: its bits read as a number, most significant first. */
export function chunkAt (code: Code, { starts, widths }: Chunking, t: number): number {
  const start = starts[t]!
  const end = start + widths[t]!
  let value = 0
  for (let at = start; at < end;) {
    // Whole runs inside a byte at a time: `take` bits of byte `at >> 3`, beginning at its bit `at & 7`.
    const take = Math.min(8 - (at & 7), end - at)
    const run = (code[at >> 3]! >> (8 - (at & 7) - take)) & ((1 << take) - 1)
    value = (value << take) | run
    at += take
  }
  return value >>> 0
}
