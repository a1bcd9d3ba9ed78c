import { type Code } from '../../../hamming/code.js'
import type { CodeGroup } from '../code-store.js'
import type { Asked } from './context.js'
import { CHECK_ADDED, CHECK_DELETED, SLAB } from './layout.js'
import type { Hits } from './selection.js'
import type { Slab } from './slab.js'

/** Whether a search's filter lets an ordinal count; `undefined` lets all. */
export type Accepts = ((ordinal: number) => boolean) | undefined

/** A group whose code lies among those of its answer: a view is made of it where somebody looks. */
class Group implements CodeGroup {
  readonly #codes: Uint8Array
  readonly #at: number
  readonly #sizeBytes: number

  constructor (readonly distance: number, readonly ordinals: number[], codes: Uint8Array, at: number, sizeBytes: number) {
    this.#codes = codes
    this.#at = at
    this.#sizeBytes = sizeBytes
  }

  get code (): Code {
    return this.#codes.subarray(this.#at, this.#at + this.#sizeBytes)
  }
}

/**
 * The answer's groups: each hit's code, and those of its ordinals that match. One code that lies in several parts,
 * or several times in the tail, becomes one group.
 *
 * @param hits in order of distance.
 * @param anonymous whether codes may be left out.
 */
export function groupHits (slabs: readonly Slab[], { length, parts, entries, distances }: Hits, asked: Asked, accepts: Accepts, anonymous = false): CodeGroup[] {
  if (length === 0) return []
  // Only in one slab with runs is each code once.
  const one = slabs[parts[0]!]!.tables > 0 && parts.every(part => part === parts[0])
  const sizeBytes = anonymous && one ? 0 : slabs[0]!.bits >> 3
  const codes = new Uint8Array(length * sizeBytes)
  const groups: Group[] = []
  const known = new Map<string, number[]>()
  const joined = new Set<number[]>()
  for (let i = 0, at = 0; i < length; i++, at += sizeBytes) {
    const slab = slabs[parts[i]!]!
    const entry = entries[i]!
    const ordinals = matching(slab, entry, asked, accepts)
    if (sizeBytes > 0) slab.copyCode(entry, codes, at)
    if (!one) {
      const key = String.fromCharCode(...codes.subarray(at, at + sizeBytes))
      const sameCode = known.get(key)
      if (sameCode !== undefined) {
        for (const ordinal of ordinals) sameCode.push(ordinal)
        joined.add(sameCode)
        continue
      }
      known.set(key, ordinals)
    }
    groups.push(new Group(distances[i]!, ordinals, codes, at, sizeBytes))
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
