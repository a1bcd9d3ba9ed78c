import { Bucket, GROUP, NO_FLIPS, One, Query, Slab, Table, Two, Wide, chunkOf, distance, tableAt } from './layout.as'
import { foundBefore, room, take } from './select.as'

/** Everything within reach has been found. */
export const COMPLETE: i32 = 0
/** `out` is full: empty it and call again. */
export const FULL: i32 = 1
/** `pauseNs` are spent: call again, here or in another thread, or let a scan take over. */
export const PAUSED: i32 = 2
/** A scan is expected to be cheaper from here on. */
export const GAVE_UP: i32 = 3

/** Makes a query ready to begin: nothing found, nothing probed. Its code, k, reach, checks and limits are written already. */
export function begin (slabAt: usize, queryAt: usize): void {
  const slab = changetype<Slab>(slabAt)
  const q = changetype<Query>(queryAt)
  memory.fill(q.counts, 0, (<usize>slab.bits + 1) << 2)
  for (let t: u32 = 0; t < slab.tables; t++) store<u32>(q.chunks + (<usize>t << 2), chunkOf(q.code, tableAt(slab, t)))
  q.found = 0
  q.step = 0
  q.table = 0
  q.flips = 0
  q.position = 0
  q.count = 0
  q.buckets = 0
  q.candidates = 0
  q.spentNs = 0
}

/**
 * Multi-index hashing. Stage (s, t) probes the buckets of table t that differ from the query's in exactly s bits, and
 * the stages go (0, 0), (0, 1) … (1, 0) … With m tables, after stage (s, t) everything within m·s + t has been found: a
 * code farther than s from the query in chunks 0…t, and farther than s - 1 in the rest, differs in at least
 * (t + 1)(s + 1) + (m - t - 1)s = m·s + t + 1 bits. So the search is complete as soon as that reaches reach.
 */
export function probe (slabAt: usize, queryAt: usize): i32 {
  const slab = changetype<Slab>(slabAt)
  const q = changetype<Query>(queryAt)
  if (slab.words == 1) return probeOf<One>(slab, q)
  if (slab.words == 2) return probeOf<Two>(slab, q)
  return probeOf<Wide>(slab, q)
}

function probeOf<C> (slab: Slab, q: Query): i32 {
  const m = slab.tables
  while (true) {
    const stage = m * q.step + q.table
    const table = tableAt(slab, q.table)
    if (q.position == 0 && q.flips == firstFlips(q.step)) {
      if (<i32>stage > q.reach) return COMPLETE
      if (!worthwhile(slab, q, stage)) return GAVE_UP
    }
    if (q.step <= table.width) {
      const status = probeStage<C>(slab, q, table)
      if (status != COMPLETE) return status
    }
    q.table++
    if (q.table == m) {
      q.table = 0
      q.step++
    }
    q.flips = firstFlips(q.step)
  }
}

/**
 * Goes on while the probes still needed are expected to take less than a scan; and, since reach may draw in yet, as
 * long as what has been spent would hardly show in the time of a scan.
 */
function worthwhile (slab: Slab, q: Query, stage: u32): bool {
  const here = load<f64>(slab.stageNs + (<usize>stage << 3))
  const needed = load<f64>(slab.stageNs + (<usize>(q.reach + 1) << 3)) - here
  if (q.spentNs + needed <= q.scanNs) return true
  const next = load<f64>(slab.stageNs + (<usize>(stage + 1) << 3)) - here
  return q.spentNs + next <= q.gambleNs
}

/**
 * Probes what is left of the stage, some buckets at a time: first all of a group are looked up and the beginning of
 * each is touched, then each is searched. Which bucket comes next depends on nothing that is read, so the processor has
 * the reads of a whole group under way at once, where one bucket after the other would wait for each.
 */
function probeStage<C> (slab: Slab, q: Query, table: Table): i32 {
  const own = load<u32>(q.chunks + (<usize>q.table << 2))
  const last = table.mask
  const group = q.group
  const sizeBytes = offsetof<C>() == offsetof<Wide>() ? 3 : <usize>slab.words << 3
  const contents = offsetof<C>() == offsetof<Wide>() && table.entries != 0 ? table.entries : table.codes
  while (true) {
    if (q.spentNs > q.pauseNs) return PAUSED
    let flips = q.flips
    let length: usize = 0
    do {
      const offset = table.offsets + (<usize>(own ^ flips) << 2)
      const bucket = changetype<Bucket>(group + length * offsetof<Bucket>())
      bucket.flips = flips
      bucket.from = load<u32>(offset)
      bucket.to = load<u32>(offset, 4)
      length++
      // The next mask with as many bits set (Gosper): upwards, so that `flips` alone says which have been tried.
      const low = flips & (0 - flips)
      const ripple = flips + low
      flips = flips == 0 ? NO_FLIPS : ripple | ((flips ^ ripple) >> (ctz(flips) + 2))
    } while (flips <= last && length < GROUP)

    let touched: u64 = 0
    let codes: u32 = 0
    for (let i: usize = 0; i < length; i++) {
      const bucket = changetype<Bucket>(group + i * offsetof<Bucket>())
      touched ^= load<u64>(contents + <usize>bucket.from * sizeBytes)
      codes += bucket.to - bucket.from
    }
    q.touched = touched // so that the reads are not left out as useless

    // How full the buckets are is known now, and how much there is to find has shown: once a scan's time is spent, it is time
    // to scan, and at the most twice that has been spent. Not in the middle of a bucket, whose codes would be found again.
    const costNs = <f32>length * slab.bucketNs + <f32>codes * slab.codeNs
    if (q.position == 0 && q.spentNs + costNs + <f32>q.found * slab.foundNs > max(q.scanNs, q.gambleNs)) return GAVE_UP

    for (let i: usize = 0; i < length; i++) {
      const bucket = changetype<Bucket>(group + i * offsetof<Bucket>())
      if (bucket.from == bucket.to) continue
      q.flips = bucket.flips
      if (!probeBucket<C>(slab, q, table, bucket.from, bucket.to)) return FULL
      q.position = 0
    }
    q.flips = flips
    q.buckets += <u32>length
    q.spentNs += costNs
    if (flips > last) return COMPLETE
  }
}

@inline function firstFlips (step: u32): u32 {
  return (1 << step) - 1
}

/** @returns whether all of the bucket was looked at; else `position` says where to go on. */
function probeBucket<C> (slab: Slab, q: Query, table: Table, from: u32, to: u32): bool {
  const q0 = load<u64>(q.code)
  const q1 = load<u64>(q.code, 8)
  const words = slab.words
  const sizeBytes = <usize>words << 3
  const beside = offsetof<C>() != offsetof<Wide>()
  const codes = beside ? table.codes : slab.codes
  let reach = q.reach
  let at = from + q.position
  while (at < to) {
    const free = room(q)
    if (free == 0) {
      q.position = at - from
      return false
    }
    const end = min(to, at + free)
    q.candidates += end - at
    while (true) {
      at = nextWithin<C>(codes, beside ? 0 : table.entries, at, end, q.code, q0, q1, words, reach)
      if (at == end) break
      const entry = entryAt(table, at)
      const code = codes + <usize>(beside ? at : entry) * sizeBytes
      if (!foundBefore(slab, q, code)) reach = take(slab, q, entry, distance<C>(code, q.code, q0, q1, words))
      at++
    }
  }
  return true
}

/**
 * The first from `at` on that is within reach; `end` where none is. Most are not: a loop that calls nothing has all the
 * processor's registers for them, where one beside `take` would have none.
 *
 * @param entries as a table has them: 0 where the codes lie one after the other.
 */
function nextWithin<C> (codes: usize, entries: usize, at: u32, end: u32, query: usize, q0: u64, q1: u64, words: u32, reach: i32): u32 {
  const sizeBytes = <usize>words << 3
  if (offsetof<C>() == offsetof<Wide>() && entries != 0) {
    while (at < end && distance<C>(codes + <usize>(load<u32>(entries + <usize>at * 3) & 0xffffff) * sizeBytes, query, q0, q1, words) > reach) at++
    return at
  }
  let code = codes + <usize>at * sizeBytes
  for (; at < end; at++, code += sizeBytes) if (distance<C>(code, query, q0, q1, words) <= reach) break
  return at
}

@inline function entryAt (table: Table, at: u32): u32 {
  return table.entries == 0 ? at : load<u32>(table.entries + <usize>at * 3) & 0xffffff
}
