import type { Code } from '../../hamming/code.js'
import { counting, type Breathe } from '../breathing.js'
import type { CodeGroup } from './code-store.js'

/** Codes at one distance, one after the other. */
interface Ring {
  readonly ordinals: number[]
  codes: Buffer
}

/**
 * What a search has found so far: everything offered within `limit`, which shrinks to the k-th distance as soon as k
 * are there. All that are tied at the k-th distance stay.
 */
export class Nearest {
  readonly #rings: (Ring | undefined)[] = []
  readonly #codeBytes: number
  readonly #k: number
  #limit: number
  #found = 0

  constructor (bits: number, k = Infinity, radius = bits) {
    this.#codeBytes = bits / 8
    this.#k = k
    this.#limit = Math.min(radius, bits)
  }

  /** What lies farther than this is not wanted. */
  get limit (): number {
    return this.#limit
  }

  /** How many there are within that. */
  get found (): number {
    return this.#found
  }

  /** Takes a code of distance `limit` or less, `bytes` from byte `from` on, which are copied. */
  add (distance: number, ordinal: number, bytes: Uint8Array, from: number): void {
    const ring = this.#rings[distance] ??= { ordinals: [], codes: Buffer.allocUnsafe(this.#codeBytes * 4) }
    const used = ring.ordinals.length * this.#codeBytes
    if (used === ring.codes.length) ring.codes = Buffer.concat([ring.codes], used * 2)
    for (let i = 0; i < this.#codeBytes; i++) ring.codes[used + i] = bytes[from + i]!
    ring.ordinals.push(ordinal)
    this.#found++
    for (;;) {
      const last = this.#rings[this.#limit]?.ordinals.length ?? 0
      if (this.#found - last < this.#k) break
      delete this.#rings[this.#limit--]
      this.#found -= last
    }
  }

  /** Takes out of a set what has been found. */
  async without (ordinals: Set<number>, breathe: Breathe): Promise<void> {
    const isTime = counting()
    for (const ring of this.#rings) {
      if (!ring) continue
      for (const ordinal of ring.ordinals) {
        ordinals.delete(ordinal)
        if (isTime()) await breathe()
      }
    }
  }

  /** @param breathe awaited now and then. Nothing may be added meanwhile. */
  async groups (breathe: Breathe): Promise<CodeGroup[]> {
    const groups: CodeGroup[] = []
    for (const [distance, ring] of this.#rings.entries()) {
      if (!ring) continue
      for (const group of await groupsOf(ring, distance, this.#codeBytes, breathe)) groups.push(group)
      await breathe()
    }
    return groups
  }
}

/** Equal codes together. */
async function groupsOf ({ ordinals, codes }: Ring, distance: number, codeBytes: number, breathe: Breathe): Promise<Iterable<CodeGroup>> {
  const groups = new Map<string, { code: Code, distance: number, ordinals: number[] }>()
  const isTime = counting()
  for (const [at, ordinal] of ordinals.entries()) {
    if (isTime()) await breathe()
    const code = codes.subarray(at * codeBytes, (at + 1) * codeBytes)
    const name = code.toString('latin1')
    const group = groups.get(name)
    if (group) group.ordinals.push(ordinal)
    else groups.set(name, { code, distance, ordinals: [ordinal] })
  }
  return groups.values()
}
