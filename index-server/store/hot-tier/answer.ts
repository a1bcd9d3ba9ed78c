import { type Code } from '../../../hamming/code.js'
import type { CodeGroup } from '../code-store.js'
import type { Asked } from './context.js'
import { CHECK_ADDED, CHECK_DELETED, SLAB } from './layout.js'
import type { Part } from './part.js'
import type { Hits } from './selection.js'
import type { Slab } from './slab.js'

/** Whether a search's filter lets an ordinal count; `undefined` lets all. */
export type Accepts = ((ordinal: number) => boolean) | undefined

const NO_CODE: Code = new Uint8Array()

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
 */
export function groupHits (searched: readonly Part[], { length, parts, entries, distances }: Hits, asked: Asked, accepts: Accepts): CodeGroup[] {
  if (length === 0) return []
  // Only in one slab with runs is each code once.
  const one = searched[parts[0]!]!.slab.tables > 0 && parts.every(part => part === parts[0])
  const sizeBytes = searched[0]!.slab.bits >> 3
  const codes = new Uint8Array(length * sizeBytes)
  const groups: Group[] = []
  const known = new Map<string, number[]>()
  const joined = new Set<number[]>()
  for (let i = 0, at = 0; i < length; i++, at += sizeBytes) {
    const { slab } = searched[parts[i]!]!
    const ordinals: number[] = []
    takeMatching(slab, entries[i]!, asked, accepts, ordinals)
    slab.copyCode(entries[i]!, codes, at)
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

/** The answer's groups for who does not ask which codes are equal: one a distance. */
export function groupHitsByDistance (searched: readonly Part[], { length, parts, entries, distances }: Hits, asked: Asked, accepts: Accepts): CodeGroup[] {
  const groups: CodeGroup[] = []
  let ordinals: number[] = []
  for (let i = 0; i < length; i++) {
    if (i === 0 || distances[i] !== distances[i - 1]) groups.push({ code: NO_CODE, distance: distances[i]!, ordinals: ordinals = [] })
    takeMatching(searched[parts[i]!]!.slab, entries[i]!, asked, accepts, ordinals)
  }
  return groups
}

function takeMatching (slab: Slab, entry: number, { checks, sequence, ordinalsEnd }: Asked, accepts: Accepts, ordinals: number[]): void {
  const { u32 } = slab
  const runs = slab.get(SLAB.runs) >> 2
  const at = slab.get(SLAB.ordinals) >> 2
  const from = runs === 0 ? entry : u32[runs + entry]!
  const to = runs === 0 ? entry + 1 : u32[runs + entry + 1]!
  for (let slot = from; slot < to; slot++) {
    if ((checks & CHECK_DELETED) !== 0 && slab.deletedAt(slot) <= sequence) continue
    const ordinal = u32[at + slot]!
    if ((checks & CHECK_ADDED) !== 0 && ordinal >= ordinalsEnd) continue
    if (accepts === undefined || accepts(ordinal)) ordinals.push(ordinal)
  }
}
