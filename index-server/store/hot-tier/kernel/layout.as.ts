// What lies where in a slab's memory. ../layout.ts writes the same fields, in the same order; its test holds the two together.
//
// A code lies as an integer, least significant byte first, filled up to whole 64-bit words: bit 0 of the code is the
// integer's highest. So the order of integers is the order of the codes' bytes; chunk t is one unaligned load and a
// shift away wherever it lies; and codes that are in order are in bucket order of chunk 0, however wide chunk 0 is.

/** Codes of a slab: a tail (no tables, no runs: entry e is slot e), or distinct codes in order, with tables. */
@unmanaged export class Slab {
  words: u32
  bits: u32
  /** Distinct codes. */
  entries: u32
  /** Codes with an ordinal each. */
  slots: u32
  tables: u32
  /** Table[tables] */
  table: usize
  /** u64[entries * words] */
  codes: usize
  /** u32[entries + 1]: entry e has the slots runs[e] up to runs[e + 1], newest first. 0 in a tail. */
  runs: usize
  /** u32[slots] */
  ordinals: usize
  /** u32[slots]: the sequence that removed it; ALIVE while none has. */
  deletedAt: usize
  /** f64[bits + 2]: nanoseconds that the stages before stage i are expected to take together. */
  stageNs: usize
  /** f64: what a bucket costs, and each code in it. */
  bucketNs: f32
  codeNs: f32
  /** What each code found costs more than one that a scan has found. */
  foundNs: f32
}

/** The buckets of one chunk. */
@unmanaged export class Table {
  /** u32[2^width + 1]: bucket b is offsets[b] up to offsets[b + 1]. */
  offsets: usize
  /** u64[entries * words] in bucket order; 0 where a code lies once, in the slab, because it is wide. */
  codes: usize
  /** u24[entries]: which entry stands there: a slab has fewer than 2^24. 0 in table 0: there the order is the entries' own. */
  entries: usize
  /** Where the chunk begins in a code's integer: a byte, and a bit in it. */
  byte: usize
  shift: u32
  /** 2^width - 1 */
  mask: u32
  width: u32
}

/** One search of one slab by one thread: what is asked, how far it is, what it has found. */
@unmanaged export class Query {
  /** Enough; NO_LIMIT for everything within reach. */
  k: u32
  /** Nothing farther can be part of the answer. Shrinks while codes are found. */
  reach: i32
  /** The snapshot: what had been removed by then does not count, nor ordinals from `ordinalsEnd` on. */
  sequence: u32
  ordinalsEnd: u32
  /** CHECK_… : what must be looked at in each slot; 0 when every slot counts. */
  checks: u32
  /** Matches found within reach. */
  found: u32
  /** Where the next probe begins: buckets of `table` that differ from the query's in `step` bits, from the mask `flips` on, from its code `position` on. */
  step: u32
  table: u32
  flips: u32
  position: u32
  /** Found[capacity], of which `count` are written. */
  out: usize
  count: u32
  capacity: u32
  buckets: u32
  candidates: u32
  /** u32[bits + 1]: matches by distance. */
  counts: usize
  /** u32[tables]: the query's chunks. */
  chunks: usize
  /** u64[words]: the query's code. */
  code: usize
  /** Bucket[GROUP]: the buckets that are looked up together. */
  group: usize
  /** Nanoseconds that probing has cost by the slab's estimate, and those after which it stops. */
  spentNs: f64
  pauseNs: f64
  /** What a scan of the slab would cost, and what may be lost by trying to do better. */
  scanNs: f64
  gambleNs: f64
  /** Written so that it is read. */
  touched: u64
}

/** A bucket that is about to be searched. */
@unmanaged export class Bucket {
  flips: u32
  from: u32
  to: u32
}

export const GROUP: usize = 32
/** Past every mask. */
export const NO_FLIPS: u32 = 0xffffffff

/** An entry within reach, and how many of its slots match. */
@unmanaged export class Found {
  entry: u32
  distance: u32
  weight: u32
}

export const NO_LIMIT: u32 = 0xffffffff
export const ALIVE: u32 = 0xffffffff
export const CHECK_DELETED: u32 = 1
export const CHECK_ADDED: u32 = 2
export const CHECK_ACCEPT: u32 = 4

/** The widths that have loops of their own: one word, two, and more. */
@unmanaged export class One { a: u64 }
@unmanaged export class Two { a: u64; b: u64 }
@unmanaged export class Wide { a: u64; b: u64; c: u64 }

@inline export function tableAt (slab: Slab, t: u32): Table {
  return changetype<Table>(slab.table + <usize>t * offsetof<Table>())
}

/** A chunk is at most 24 bits, and begins within a byte: four bytes hold it. */
@inline export function chunkOf (code: usize, table: Table): u32 {
  return (load<u32>(code + table.byte) >> table.shift) & table.mask
}

/** In how many bits two codes differ; `q0` and `q1` are the first words of `b`. */
@inline export function distance<C> (a: usize, b: usize, q0: u64, q1: u64, words: u32): i32 {
  if (offsetof<C>() == offsetof<One>()) return <i32>popcnt(load<u64>(a) ^ q0)
  if (offsetof<C>() == offsetof<Two>()) return <i32>(popcnt(load<u64>(a) ^ q0) + popcnt(load<u64>(a, 8) ^ q1))
  let differing = popcnt(load<u64>(a) ^ q0) + popcnt(load<u64>(a, 8) ^ q1) + popcnt(load<u64>(a, 16) ^ load<u64>(b, 16))
  for (let at: usize = 24, end = <usize>words << 3; at < end; at += 8) differing += popcnt(load<u64>(a + at) ^ load<u64>(b + at))
  return <i32>differing
}
