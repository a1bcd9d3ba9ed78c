import { STEPS_AT_ONCE, counting, type Breathe } from '../breathing.js'
import { sorted } from '../sorted.js'
import type { ItemPositions } from '../store/collection-store.js'

/** Where the item of a code stands: the newer offset comes first, then the lower partition. */
export interface Position {
  /** Of the stored image that is itself searched for: newer than all. */
  readonly offset: number
  readonly partition: number
}

/** Up to so many are put in order one by one: what sorts many well takes longer to begin. */
const FEW_TIED = 24

/** Below 0 when `a` comes first. */
export function comparePositions (a: Position, b: Position): number {
  return compare(a.offset, a.partition, b.offset, b.partition)
}

/** The same of positions by their places among all. */
function byPosition ({ offsets, partitions }: ItemPositions): (a: number, b: number) => number {
  return (a, b) => compare(offsets[a]!, partitions[a]!, offsets[b]!, partitions[b]!)
}

function compare (offset: number, partition: number, otherOffset: number, otherPartition: number): number {
  return otherOffset - offset || partition - otherPartition
}

/** The positions from `first` on, `count` of them, by their places among all: the newest first. */
export function inOrder (positions: ItemPositions, first: number, count: number): number[] {
  const order: number[] = []
  const later = byPosition(positions)
  for (let place = first; place < first + count; place++) {
    let at = order.push(place) - 1
    if (count > FEW_TIED) continue
    for (; at > 0 && later(order[at - 1]!, place) > 0; at--) order[at] = order[at - 1]!
    order[at] = place
  }
  return count > FEW_TIED ? order.sort(later) : order
}

/** The codes of one level, the newest first. */
export class Tied {
  readonly #order: readonly number[]
  readonly #ordinals: readonly number[]
  readonly #positions: ItemPositions
  readonly #first: number

  /** @param first where the positions of the ordinals begin. */
  static async of (ordinals: readonly number[], positions: ItemPositions, first: number, breathe: Breathe): Promise<Tied> {
    const count = ordinals.length
    if (count <= STEPS_AT_ONCE) return new Tied(ordinals, positions, first, inOrder(positions, first, count))
    const places = Array.from({ length: count }, (_, i) => first + i)
    return new Tied(ordinals, positions, first, await sorted(places, byPosition(positions), breathe))
  }

  private constructor (ordinals: readonly number[], positions: ItemPositions, first: number, order: readonly number[]) {
    this.#ordinals = ordinals
    this.#positions = positions
    this.#first = first
    this.#order = order
  }

  get length (): number {
    return this.#order.length
  }

  /** @param at 0 for the newest. */
  ordinal (at: number): number {
    return this.#ordinals[this.#order[at]! - this.#first]!
  }

  /** All of them. */
  async ordinals (breathe: Breathe): Promise<number[]> {
    const all: number[] = []
    const isTime = counting()
    for (let at = 0; at < this.length; at++) {
      all.push(this.ordinal(at))
      if (isTime()) await breathe()
    }
    return all
  }

  position (at: number): Position {
    const i = this.#order[at]!
    return { offset: this.#positions.offsets[i]!, partition: this.#positions.partitions[i]! }
  }

  /** How many stand before or at a position. */
  upTo (position: Position): number {
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (comparePositions(this.position(middle), position) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
