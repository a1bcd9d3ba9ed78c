import { One, Query, Slab, Two, Wide, distance } from './layout.as'
import { foundBefore, room, take } from './select.as'

/**
 * Compares the entries `from` up to `to` with the query, leaving out what probes have found.
 *
 * @returns the entry to go on with: `to`, or less where `out` is full.
 */
export function scan (slabAt: usize, queryAt: usize, from: u32, to: u32): u32 {
  const slab = changetype<Slab>(slabAt)
  const q = changetype<Query>(queryAt)
  if (slab.words == 1) return scanOf<One>(slab, q, from, to)
  if (slab.words == 2) return scanOf<Two>(slab, q, from, to)
  return scanOf<Wide>(slab, q, from, to)
}

function scanOf<C> (slab: Slab, q: Query, from: u32, to: u32): u32 {
  const q0 = load<u64>(q.code)
  const q1 = load<u64>(q.code, 8)
  const code = q.code
  const words = slab.words
  const sizeBytes = <usize>words << 3
  const probed = (q.step | q.table | q.flips) != 0
  let reach = q.reach
  let entry = from
  while (entry < to) {
    // A block holds no more codes than there is room for, so that the loop over it needs no look at the room.
    const free = room(q)
    if (free == 0) break
    const end = min(to, entry + free)
    let at = slab.codes + <usize>entry * sizeBytes
    // Four codes in flight. Once reach has drawn in, a comparison that holds is rare, and a branch that is never
    // taken costs next to nothing: cheaper than any way of joining the four into one.
    for (; entry + 4 <= end; entry += 4, at += sizeBytes << 2) {
      const d0 = distance<C>(at, code, q0, q1, words)
      const d1 = distance<C>(at + sizeBytes, code, q0, q1, words)
      const d2 = distance<C>(at + (sizeBytes << 1), code, q0, q1, words)
      const d3 = distance<C>(at + sizeBytes * 3, code, q0, q1, words)
      if (d0 <= reach) reach = consider(slab, q, probed, entry, at, d0)
      if (d1 <= reach) reach = consider(slab, q, probed, entry + 1, at + sizeBytes, d1)
      if (d2 <= reach) reach = consider(slab, q, probed, entry + 2, at + (sizeBytes << 1), d2)
      if (d3 <= reach) reach = consider(slab, q, probed, entry + 3, at + sizeBytes * 3, d3)
    }
    for (; entry < end; entry++, at += sizeBytes) {
      const d = distance<C>(at, code, q0, q1, words)
      if (d <= reach) reach = consider(slab, q, probed, entry, at, d)
    }
  }
  q.candidates += entry - from
  return entry
}

function consider (slab: Slab, q: Query, probed: bool, entry: u32, code: usize, distance: i32): i32 {
  return probed && foundBefore(slab, q, code) ? q.reach : take(slab, q, entry, distance)
}
