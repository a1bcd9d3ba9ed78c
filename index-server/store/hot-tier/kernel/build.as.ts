import { Slab, Table, chunkOf, tableAt } from './layout.as'

/** Codes as they came, each with its ordinal and the sequence that removed it: what a slab is built from. */
@unmanaged export class Input {
  count: u32
  /** Codes are put in buckets by this many of their highest bits, then sorted within each. */
  sortBits: u32
  /** u64[count * words] */
  codes: usize
  /** u32[count] */
  ordinals: usize
  deletedAt: usize
  /** u32[count]: room for an order. */
  order: usize
  /** u32[2^sortBits]: room for the buckets. */
  buckets: usize
}

/**
 * Puts the input in order, writes each distinct code once, and its ordinals as a run, newest first. Codes that are in
 * order already, as most are when a tail is merged into a slab, are only read.
 *
 * @returns how many distinct codes there are.
 */
export function sortDistinct (slabAt: usize, inputAt: usize): u32 {
  const slab = changetype<Slab>(slabAt)
  const input = changetype<Input>(inputAt)
  const n = input.count
  const sizeBytes = <usize>slab.words << 3
  const low = slab.bits - input.sortBits
  const mask: u32 = (1 << input.sortBits) - 1
  const ends = input.buckets

  memory.fill(ends, 0, (<usize>1 << input.sortBits) << 2)
  for (let i: u32 = 0; i < n; i++) increment(ends + (<usize>bitsFrom(input.codes + <usize>i * sizeBytes, low, mask) << 2))
  startsOfCounts(ends, 1 << input.sortBits)
  for (let i: u32 = 0; i < n; i++) {
    const place = increment(ends + (<usize>bitsFrom(input.codes + <usize>i * sizeBytes, low, mask) << 2))
    store<u32>(input.order + (<usize>place << 2), i)
  }

  // Each start has moved to its bucket's end.
  let from: u32 = 0
  let entries: u32 = 0
  for (let b: u32 = 0; b < 1 << input.sortBits; b++) {
    const to = load<u32>(ends + (<usize>b << 2))
    sortRange(slab, input, from, to)
    for (; from < to; from++) {
      const i = load<u32>(input.order + (<usize>from << 2))
      const code = input.codes + <usize>i * sizeBytes
      if (entries == 0 || compare(slab.codes + <usize>(entries - 1) * sizeBytes, code, sizeBytes) != 0) {
        copyCode(slab.codes + <usize>entries * sizeBytes, code, sizeBytes)
        store<u32>(slab.runs + (<usize>entries << 2), from)
        entries++
      }
      store<u32>(slab.ordinals + (<usize>from << 2), load<u32>(input.ordinals + (<usize>i << 2)))
      store<u32>(slab.deletedAt + (<usize>from << 2), load<u32>(input.deletedAt + (<usize>i << 2)))
    }
  }
  store<u32>(slab.runs + (<usize>entries << 2), n)
  slab.entries = entries
  slab.slots = n
  return entries
}

/** Files every entry under its chunk t. The entries are in order, and stay so in each bucket. */
export function fileUnder (slabAt: usize, t: u32): void {
  const slab = changetype<Slab>(slabAt)
  const table = tableAt(slab, t)
  const buckets = table.mask + 1
  const sizeBytes = <usize>slab.words << 3
  memory.fill(table.offsets, 0, <usize>buckets << 2)
  for (let e: u32 = 0; e < slab.entries; e++) increment(offsetOf(table, slab.codes + <usize>e * sizeBytes))
  startsOfCounts(table.offsets, buckets)
  if (t == 0) {
    store<u32>(table.offsets + (<usize>buckets << 2), slab.entries)
    return
  }
  for (let e: u32 = 0; e < slab.entries; e++) {
    const code = slab.codes + <usize>e * sizeBytes
    const place = increment(offsetOf(table, code))
    if (table.codes != 0) copyCode(table.codes + <usize>place * sizeBytes, code, sizeBytes)
    const at = table.entries + <usize>place * 3
    store<u16>(at, <u16>e)
    store<u8>(at, <u8>(e >> 16), 2)
  }
  // Each start has moved to its bucket's end, which is the next bucket's start.
  memory.copy(table.offsets + 4, table.offsets, <usize>buckets << 2)
  store<u32>(table.offsets, 0)
}

/** Expected size of the bucket of a code in the table, by its own codes: at least 1, more where codes crowd. */
export function crowding (slabAt: usize, t: u32): f64 {
  const slab = changetype<Slab>(slabAt)
  const table = tableAt(slab, t)
  let squares: f64 = 0
  let from: u32 = 0
  for (let b: u32 = 1; b <= table.mask + 1; b++) {
    const to = load<u32>(table.offsets + (<usize>b << 2))
    const size = <f64>(to - from)
    squares += size * size
    from = to
  }
  return slab.entries == 0 ? 0 : squares / <f64>slab.entries
}

/** The slot of an ordinal under a code; -1 where it is not here. */
export function find (slabAt: usize, code: usize, ordinal: u32): i32 {
  const slab = changetype<Slab>(slabAt)
  const sizeBytes = <usize>slab.words << 3
  let low: u32 = 0
  let high = slab.entries
  if (slab.tables > 0) {
    const bucket = offsetOf(tableAt(slab, 0), code)
    low = load<u32>(bucket)
    high = load<u32>(bucket, 4)
  }
  while (low < high) {
    const middle = (low + high) >> 1
    const order = compare(slab.codes + <usize>middle * sizeBytes, code, sizeBytes)
    if (order == 0) return findInRun(slab, middle, ordinal)
    if (order < 0) low = middle + 1
    else high = middle
  }
  return -1
}

function findInRun (slab: Slab, entry: u32, ordinal: u32): i32 {
  let low = load<u32>(slab.runs + (<usize>entry << 2))
  let high = load<u32>(slab.runs + (<usize>entry << 2), 4)
  while (low < high) {
    const middle = (low + high) >> 1
    const here = load<u32>(slab.ordinals + (<usize>middle << 2))
    if (here == ordinal) return middle
    if (here > ordinal) low = middle + 1 // newest first
    else high = middle
  }
  return -1
}

@inline function offsetOf (table: Table, code: usize): usize {
  return table.offsets + (<usize>chunkOf(code, table) << 2)
}

/** Word by word: memory.copy is a call, which takes longer than the copy of one code. */
@inline function copyCode (to: usize, from: usize, sizeBytes: usize): void {
  for (let at: usize = 0; at < sizeBytes; at += 8) store<u64>(to + at, load<u64>(from + at))
}

@inline function increment (at: usize): u32 {
  const value = load<u32>(at)
  store<u32>(at, value + 1)
  return value
}

function startsOfCounts (at: usize, length: u32): void {
  let sum: u32 = 0
  for (const end = at + (<usize>length << 2); at < end; at += 4) {
    const count = load<u32>(at)
    store<u32>(at, sum)
    sum += count
  }
}

@inline function bitsFrom (code: usize, low: u32, mask: u32): u32 {
  return (load<u32>(code + (low >> 3)) >> (low & 7)) & mask
}

/** Order of the integers: by their highest word that differs. */
function compare (a: usize, b: usize, sizeBytes: usize): i32 {
  for (let at = sizeBytes; at > 0;) {
    at -= 8
    const x = load<u64>(a + at)
    const y = load<u64>(b + at)
    if (x != y) return x < y ? -1 : 1
  }
  return 0
}

/** Order of two input codes: by code, then newest first. Never 0 for two of them. */
@inline function before (slab: Slab, input: Input, a: u32, b: u32): bool {
  const sizeBytes = <usize>slab.words << 3
  const order = compare(input.codes + <usize>a * sizeBytes, input.codes + <usize>b * sizeBytes, sizeBytes)
  return order != 0 ? order < 0 : load<u32>(input.ordinals + (<usize>a << 2)) > load<u32>(input.ordinals + (<usize>b << 2))
}

/** Quicksort by the middle one of three, then insertion: a range that is in order stays in the caches and is not written. */
function sortRange (slab: Slab, input: Input, from: u32, to: u32): void {
  const order = input.order
  while (to - from > 16) {
    const pivot = middleOfThree(slab, input, from, to)
    let left = from
    let right = to - 1
    while (true) {
      while (before(slab, input, at(order, left), pivot)) left++
      while (before(slab, input, pivot, at(order, right))) right--
      if (left >= right) break
      swap(order, left++, right--)
    }
    const split = right + 1
    // The shorter side first, by recursion: the stack stays as deep as the logarithm.
    if (split - from < to - split) {
      sortRange(slab, input, from, split)
      from = split
    } else {
      sortRange(slab, input, split, to)
      to = split
    }
  }
  for (let i = from + 1; i < to; i++) {
    const moving = at(order, i)
    let hole = i
    for (; hole > from && before(slab, input, moving, at(order, hole - 1)); hole--) put(order, hole, at(order, hole - 1))
    if (hole != i) put(order, hole, moving)
  }
}

function middleOfThree (slab: Slab, input: Input, from: u32, to: u32): u32 {
  const a = at(input.order, from)
  const b = at(input.order, from + ((to - from) >> 1))
  const c = at(input.order, to - 1)
  if (before(slab, input, a, b)) return before(slab, input, b, c) ? b : before(slab, input, a, c) ? c : a
  return before(slab, input, a, c) ? a : before(slab, input, b, c) ? c : b
}

@inline function at (order: usize, i: u32): u32 {
  return load<u32>(order + (<usize>i << 2))
}

@inline function put (order: usize, i: u32, value: u32): void {
  store<u32>(order + (<usize>i << 2), value)
}

@inline function swap (order: usize, i: u32, j: u32): void {
  const moved = at(order, i)
  put(order, i, at(order, j))
  put(order, j, moved)
}
