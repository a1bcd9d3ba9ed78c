import { Context } from './context.js'
import type { Slab } from './slab.js'

/** A slab that is searched, and how many searches that left the caller's turn still read it. */
export class Part {
  /** The caller's thread's place in it. */
  readonly context: Context
  #readers = 0
  #idle: (() => void) | undefined

  constructor (readonly slab: Slab) {
    this.context = new Context(slab, 0)
  }

  enter (): void {
    this.#readers++
  }

  leave (): void {
    if (--this.#readers === 0) this.#idle?.()
  }

  /** Resolves when nobody reads: what no search can find any more may be written anew then. */
  async idle (): Promise<void> {
    if (this.#readers > 0) await new Promise<void>(resolve => { this.#idle = resolve })
  }
}
