import { Context } from './context.js'
import type { Slab } from './slab.js'

/** A slab that is searched, and how many searches that left the caller's turn still read it. */
export class Part {
  /** The caller's thread's place in it. */
  readonly context: Context
  #readers = 0
  #waiting: (() => void)[] = []

  constructor (readonly slab: Slab) {
    this.context = new Context(slab, 0)
  }

  enter (): void {
    this.#readers++
  }

  leave (): void {
    if (--this.#readers > 0) return
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Resolves when nobody reads: what no search can find any more may be written anew then. Several may wait. */
  async idle (): Promise<void> {
    if (this.#readers > 0) await new Promise<void>(resolve => { this.#waiting.push(resolve) })
  }
}
