import type { AcceptSet } from './code-store.js'

const FIRST_WORDS = 1024

/** An accept set in the making: over shared memory, so that it reaches every thread as it is. */
export class AcceptSetBuilder {
  #words: Uint32Array
  /** Whether the words are another set's too: they are copied before anything is added. */
  #borrowed: boolean

  /** @param from what is in it from the start. It is not changed, and not copied while nothing is added that it has not. */
  constructor (from?: AcceptSet) {
    this.#words = from ? from.bitmap : words(FIRST_WORDS)
    this.#borrowed = from !== undefined
  }

  add (ordinal: number): void {
    const bit = 1 << (ordinal & 31)
    if (((this.#words[ordinal >>> 5] ?? 0) & bit) !== 0) return
    this.#reserve(ordinal)
    this.#words[ordinal >>> 5]! |= bit
  }

  /** @param ordinals in rising order. */
  addAll (ordinals: ArrayLike<number>): void {
    const { length } = ordinals
    if (length === 0) return
    this.#reserve(ordinals[length - 1]!)
    const held = this.#words
    for (let i = 0; i < length; i++) held[ordinals[i]! >>> 5]! |= 1 << (ordinals[i]! & 31)
  }

  /** The set as it is: nothing may be added from here on. */
  set (): AcceptSet {
    return { bitmap: this.#words }
  }

  #reserve (ordinal: number): void {
    const needed = (ordinal >>> 5) + 1
    const { length } = this.#words
    if (needed <= length && !this.#borrowed) return
    const own = words(needed <= length ? length : Math.max(needed, length * 2))
    own.set(this.#words)
    this.#words = own
    this.#borrowed = false
  }
}

/** A set without some ordinals: `accept`, or all below `end`, but for `left`. */
export function withoutOrdinals (accept: AcceptSet | undefined, end: number, left: Iterable<number>): AcceptSet {
  const bitmap = words((end >>> 5) + 1)
  if (accept === undefined) bitmap.fill(0xffff_ffff)
  else bitmap.set(accept.bitmap.subarray(0, bitmap.length))
  for (const ordinal of left) bitmap[ordinal >>> 5]! &= ~(1 << (ordinal & 31))
  return { bitmap }
}

function words (length: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(length * 4))
}
