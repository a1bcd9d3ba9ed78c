import type { Code } from '../../../hamming/code.js'
import { ALIVE, SLAB } from './layout.js'
import { Part } from './part.js'
import { Slab } from './slab.js'

/** Codes in the order they came in, to be scanned: a slab without tables, in which entry e is slot e. */
export class Tail {
  readonly part: Part
  /** Codes that were removed and still lie here. */
  removed = 0
  #capacity = 0
  /** Whether the ordinals have come in order, as they nearly always do: then one is found by halving. */
  #inOrder = true

  constructor (bits: number) {
    this.part = new Part(Slab.create(bits, 1))
  }

  get slots (): number { return this.part.slab.slots }

  add (code: Code, ordinal: number): void {
    const { slab } = this.part
    const at = slab.slots
    if (at === this.#capacity) this.#grow(Math.max(1024, at * 2))
    if (at > 0 && slab.ordinalAt(at - 1) >= ordinal) this.#inOrder = false
    slab.writeCode(slab.get(SLAB.codes) + at * slab.codeBytes, code)
    slab.u32[(slab.get(SLAB.ordinals) >> 2) + at] = ordinal
    slab.u32[(slab.get(SLAB.deletedAt) >> 2) + at] = ALIVE
    slab.set(SLAB.slots, at + 1)
    slab.set(SLAB.entries, at + 1)
  }

  /** Marks an ordinal as removed. @returns whether it is here, and was not removed before. */
  remove (ordinal: number, sequence: number): boolean {
    const { slab } = this.part
    const slot = this.#find(ordinal)
    if (slot < 0 || slab.deletedAt(slot) !== ALIVE) return false
    slab.u32[(slab.get(SLAB.deletedAt) >> 2) + slot] = sequence
    this.removed++
    return true
  }

  clear (): void {
    this.part.slab.set(SLAB.slots, 0)
    this.part.slab.set(SLAB.entries, 0)
    this.removed = 0
    this.#inOrder = true
  }

  #find (ordinal: number): number {
    const { slab } = this.part
    const at = slab.get(SLAB.ordinals) >> 2
    if (!this.#inOrder) return slab.u32.subarray(at, at + slab.slots).indexOf(ordinal)
    let low = 0
    let high = slab.slots
    while (low < high) {
      const middle = (low + high) >> 1
      if (slab.u32[at + middle]! < ordinal) low = middle + 1
      else high = middle
    }
    return low < slab.slots && slab.u32[at + low] === ordinal ? low : -1
  }

  /** Lays the arrays out anew for `capacity` codes: from the last on, for each moves towards the end. */
  #grow (capacity: number): void {
    const { slab } = this.part
    const old = { codes: slab.get(SLAB.codes), ordinals: slab.get(SLAB.ordinals), deletedAt: slab.get(SLAB.deletedAt) }
    const codes = slab.dataAt
    const ordinals = codes + capacity * slab.codeBytes
    const deletedAt = ordinals + capacity * 4
    slab.reserve(deletedAt + capacity * 4)
    slab.u8.copyWithin(deletedAt, old.deletedAt, old.deletedAt + slab.slots * 4)
    slab.u8.copyWithin(ordinals, old.ordinals, old.ordinals + slab.slots * 4)
    slab.set(SLAB.codes, codes)
    slab.set(SLAB.ordinals, ordinals)
    slab.set(SLAB.deletedAt, deletedAt)
    this.#capacity = capacity
  }
}
