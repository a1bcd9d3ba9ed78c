import type { Code } from '../../../hamming/code.js'
import { SLAB } from './layout.js'
import { Part } from './part.js'
import { Slab } from './slab.js'

/**
 * Sorted codes with their tables, in one of two slabs. A rebuild writes the other one and then they change places: the
 * searches that read the old one finish, new ones read the new one, and memory is used again instead of being made.
 */
export class Shard {
  /** Codes that were removed and still lie here. */
  removed = 0
  /** The sequence when it was built: what had been removed by then has been dropped since, once that is the horizon. */
  builtAt = 0
  #part: Part
  #spare: Part | undefined

  constructor (private readonly bits: number, private readonly contexts: number) {
    this.#part = this.#make()
  }

  /** What is searched. */
  get part (): Part { return this.#part }
  get slots (): number { return this.#part.slab.slots }
  get slabs (): Slab[] { return this.#spare === undefined ? [this.#part.slab] : [this.#part.slab, this.#spare.slab] }

  /** The slab to build in, once it is idle. */
  get spare (): Part {
    return this.#spare ??= this.#make()
  }

  /** Puts what was built in place of what was searched. */
  swap (): void {
    const built = this.spare
    this.#spare = this.#part
    this.#part = built
  }

  /** Holds nothing any more. The spare must be idle: it is what is searched from now on. */
  clear (): void {
    this.swap()
    for (const field of [SLAB.entries, SLAB.slots, SLAB.tables]) this.#part.slab.set(field, 0)
    this.removed = 0
  }

  remove (code: Code, ordinal: number, sequence: number): boolean {
    const removed = this.slots > 0 && this.#part.slab.remove(code, ordinal, sequence)
    if (removed) this.removed++
    return removed
  }

  #make (): Part {
    return new Part(Slab.create(this.bits, this.contexts))
  }
}
