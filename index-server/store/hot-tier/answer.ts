import { type Code } from '../../../hamming/code.js'
import type { CodeGroup } from '../code-store.js'
import type { Asked } from './context.js'
import { CHECK_ADDED, CHECK_DELETED, SLAB } from './layout.js'
import type { Hit } from './selection.js'
import type { Slab } from './slab.js'

/** Whether a search's filter lets an ordinal count; `undefined` lets all. */
export type Accepts = ((ordinal: number) => boolean) | undefined

/**
 * The answer's groups: each hit's code, and those of its ordinals that match. One code that lies in several parts,
 * or several times in the tail, becomes one group.
 *
 * @param hits in order of distance.
 */
export function groupHits (slabs: readonly Slab[], hits: readonly Hit[], asked: Asked, accepts: Accepts): CodeGroup[] {
  const groups: (CodeGroup & { ordinals: number[] })[] = []
  // Only in one slab with runs is each code once.
  const joins = hits.some(({ part }) => part !== hits[0]!.part || slabs[part]!.tables === 0)
  const known = new Map<string, number[]>()
  const joined = new Set<number[]>()
  for (const { part, entry, distance } of hits) {
    const slab = slabs[part]!
    const ordinals = matching(slab, entry, asked, accepts)
    const code = slab.readCode(entry)
    if (joins) {
      const key = keyOf(code)
      const sameCode = known.get(key)
      if (sameCode !== undefined) {
        for (const ordinal of ordinals) sameCode.push(ordinal)
        joined.add(sameCode)
        continue
      }
      known.set(key, ordinals)
    }
    groups.push({ code, distance, ordinals })
  }
  for (const ordinals of joined) ordinals.sort((a, b) => b - a)
  return groups
}

function matching (slab: Slab, entry: number, { checks, sequence, ordinalsEnd }: Asked, accepts: Accepts): number[] {
  const { u32 } = slab
  const runs = slab.get(SLAB.runs) >> 2
  const at = slab.get(SLAB.ordinals) >> 2
  const from = runs === 0 ? entry : u32[runs + entry]!
  const to = runs === 0 ? entry + 1 : u32[runs + entry + 1]!
  if (checks === 0 && to - from === 1) return [u32[at + from]!] // nearly always
  const ordinals: number[] = []
  for (let slot = from; slot < to; slot++) {
    if ((checks & CHECK_DELETED) !== 0 && slab.deletedAt(slot) <= sequence) continue
    const ordinal = u32[at + slot]!
    if ((checks & CHECK_ADDED) !== 0 && ordinal >= ordinalsEnd) continue
    if (accepts === undefined || accepts(ordinal)) ordinals.push(ordinal)
  }
  return ordinals
}

function keyOf (code: Code): string {
  return String.fromCharCode(...code)
}
