import { CHECK_ACCEPT, CHECK_ADDED, CHECK_DELETED, Found, Query, Slab, chunkOf, tableAt } from './layout.as'

/** Whether the caller's filter lets an ordinal count. Asked only of codes that are near enough. */
@external('host', 'accepts')
declare function accepts (ordinal: u32): bool

/**
 * Counting selection: takes an entry into the answer, and draws reach in to the smallest distance within which there
 * are k. `found` is the number of matches within reach, so each step inwards subtracts one count; reach never grows, so
 * all steps of a search together are at most its bits. No heap, no comparison of one candidate with another.
 *
 * @returns reach, for the caller to keep in a register.
 */
export function take (slab: Slab, q: Query, entry: u32, distance: i32): i32 {
  const weight = weigh(slab, q, entry)
  if (weight == 0) return q.reach
  const at = changetype<Found>(q.out + <usize>q.count * offsetof<Found>())
  at.entry = entry
  at.distance = distance
  at.weight = weight
  q.count++

  const counts = q.counts
  const own = counts + (<usize>distance << 2)
  store<u32>(own, load<u32>(own) + weight)
  let found = q.found + weight
  let reach = q.reach
  if (found >= q.k) {
    for (; reach > 0; reach--) {
      const outermost = load<u32>(counts + (<usize>reach << 2))
      if (found - outermost < q.k) break
      found -= outermost
    }
    q.reach = reach
  }
  q.found = found
  return reach
}

/** How many slots of an entry count. */
function weigh (slab: Slab, q: Query, entry: u32): u32 {
  if (slab.runs == 0) return q.checks == 0 ? 1 : u32(counts(slab, q, entry))
  const run = slab.runs + (<usize>entry << 2)
  const start = load<u32>(run)
  const end = load<u32>(run, 4)
  if (q.checks == 0) return end - start
  let weight: u32 = 0
  for (let slot = start; slot < end; slot++) weight += u32(counts(slab, q, slot))
  return weight
}

function counts (slab: Slab, q: Query, slot: u32): bool {
  const checks = q.checks
  const at = <usize>slot << 2
  // A removal that comes while a thread searches bears a later sequence: the search sees it as not yet done.
  if ((checks & CHECK_DELETED) != 0 && load<u32>(slab.deletedAt + at) <= q.sequence) return false
  const ordinal = load<u32>(slab.ordinals + at)
  if ((checks & CHECK_ADDED) != 0 && ordinal >= q.ordinalsEnd) return false
  return (checks & CHECK_ACCEPT) == 0 || accepts(ordinal)
}

/**
 * Whether an earlier probe has found a code. Probes go in the order (step, table, flips), flips upwards, and a probe
 * finds the codes whose chunk differs from the query's in just those bits: so a code has been found before if any of
 * its chunks comes before where the search is now. No set of visited codes is kept, and a scan may take over anywhere.
 */
export function foundBefore (slab: Slab, q: Query, code: usize): bool {
  const step = q.step
  const table = q.table
  for (let t: u32 = 0; t < slab.tables; t++) {
    const flips = chunkOf(code, tableAt(slab, t)) ^ load<u32>(q.chunks + (<usize>t << 2))
    const differing = popcnt(flips)
    if (differing < step || (differing == step && (t < table || (t == table && flips < q.flips)))) return true
  }
  return false
}

/** How many more can be taken before `out` must be emptied; leaves out what reach has passed by first. */
export function room (q: Query): u32 {
  if (q.count <= q.capacity >> 1) return q.capacity - q.count
  let kept: u32 = 0
  for (let i: u32 = 0; i < q.count; i++) {
    const from = q.out + <usize>i * offsetof<Found>()
    if (<i32>changetype<Found>(from).distance > q.reach) continue
    const to = q.out + <usize>kept * offsetof<Found>()
    store<u64>(to, load<u64>(from))
    store<u32>(to, load<u32>(from, 8), 8)
    kept++
  }
  q.count = kept
  return kept <= q.capacity - (q.capacity >> 2) ? q.capacity - kept : 0
}
