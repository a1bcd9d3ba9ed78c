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
 * Makes the answer's groups of its hits: each one's code, and those of its ordinals that match. One code that lies in several
 * parts, or several times in the tail, becomes one group. Anonymous, there is one group a distance.
 *
 * It goes in steps, for there may be as many hits as codes; a hit has as many ordinals as there are images with its code.
 */
export class Grouping {
  readonly groups: CodeGroup[] = []
  readonly #sizeBytes: number
  readonly #codes: Uint8Array
  /** The ordinals of the groups by their codes; undefined where each code is once: in one slab with runs. */
  readonly #known: Map<string, number[]> | undefined
  #hit = 0
  /** Where the hit in hand stands, and the end of its slots; undefined when none is in hand. */
  #slot: number | undefined
  #slotsEnd = 0
  /** Of its group. */
  #ordinals: number[] = []

  /** @param hits in order of distance. */
  constructor (private readonly searched: readonly Part[], private readonly hits: Hits, private readonly asked: Asked, private readonly accepts: Accepts, private readonly anonymous: boolean) {
    const { length, parts } = hits
    let one = length === 0 || searched[parts[0]!]!.slab.tables > 0
    for (let i = 1; one && i < length; i++) one = parts[i] === parts[0]
    this.#known = one ? undefined : new Map()
    this.#sizeBytes = searched.length === 0 ? 0 : searched[0]!.slab.bits >> 3
    this.#codes = new Uint8Array(anonymous ? 0 : length * this.#sizeBytes)
  }

  /** Takes a step of so many slots. @returns whether that was the last. */
  step (most: number): boolean {
    const { length } = this.hits
    for (let left = most; this.#hit < length;) {
      if (left <= 0) return false
      left -= this.#takeMatching(left)
      if (this.#slot !== undefined) return false
      this.#hit++
      left-- // a hit costs more than its slots
    }
    return true
  }

  /** Goes through at most so many slots of the hit in hand. @returns how many. */
  #takeMatching (most: number): number {
    const { hits: { parts, entries }, asked: { checks, sequence, ordinalsEnd }, accepts } = this
    const { slab } = this.searched[parts[this.#hit]!]!
    const { u32 } = slab
    if (this.#slot === undefined) {
      const entry = entries[this.#hit]!
      const runs = slab.get(SLAB.runs) >> 2
      this.#slot = runs === 0 ? entry : u32[runs + entry]!
      this.#slotsEnd = runs === 0 ? entry + 1 : u32[runs + entry + 1]!
      this.#ordinals = this.#groupOf(slab, entry)
    }
    const ordinals = this.#ordinals
    const at = slab.get(SLAB.ordinals) >> 2
    const from = this.#slot
    const to = Math.min(this.#slotsEnd, from + most)
    for (let slot = from; slot < to; slot++) {
      if ((checks & CHECK_DELETED) !== 0 && slab.deletedAt(slot) <= sequence) continue
      const ordinal = u32[at + slot]!
      if ((checks & CHECK_ADDED) !== 0 && ordinal >= ordinalsEnd) continue
      if (accepts === undefined || accepts(ordinal)) ordinals.push(ordinal)
    }
    this.#slot = to < this.#slotsEnd ? to : undefined
    return to - from
  }

  /** The ordinals of the group that the hit in hand belongs to, which is made where there is none. */
  #groupOf (slab: Slab, entry: number): number[] {
    const { distances } = this.hits
    const distance = distances[this.#hit]!
    const ordinals: number[] = []
    if (this.anonymous) {
      if (this.#hit > 0 && distance === distances[this.#hit - 1]) return this.#ordinals
      this.groups.push({ code: NO_CODE, distance, ordinals })
      return ordinals
    }
    const codes = this.#codes
    const sizeBytes = this.#sizeBytes
    const at = this.#hit * sizeBytes
    slab.copyCode(entry, codes, at)
    if (this.#known) {
      const key = String.fromCharCode(...codes.subarray(at, at + sizeBytes))
      const known = this.#known.get(key)
      if (known !== undefined) return known
      this.#known.set(key, ordinals)
    }
    this.groups.push(new Group(distance, ordinals, codes, at, sizeBytes))
    return ordinals
  }
}
