import type { Slab } from './slab.js'
import type { Searched, Suspended } from './thread.js'

/** Most scans of one pass: the first of them waits for the last. */
const MOST = 64

interface Waiting {
  readonly search: Suspended
  readonly resolve: (ranges: readonly Searched[]) => void
  readonly reject: (err: unknown) => void
}

/**
 * Scans of one slab that are asked for while another is under way wait for it, and then go over the codes together:
 * memory is read once for all of them.
 */
export class SharedScans {
  readonly #waiting = new Map<Slab, Waiting[]>()

  /** @param pass scans a slab for all of the searches: of each range of codes, what each of them found. */
  constructor (private readonly pass: (slab: Slab, searches: readonly Suspended[]) => Promise<readonly (readonly Searched[])[]>) {}

  /** What was found, of each range of codes. */
  scan (slab: Slab, search: Suspended): Promise<readonly Searched[]> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(slab)
      if (waiting !== undefined) {
        waiting.push({ search, resolve, reject })
        return
      }
      const first = [{ search, resolve, reject }]
      this.#waiting.set(slab, first)
      void this.#scanAll(slab, first)
    })
  }

  async #scanAll (slab: Slab, waiting: Waiting[]): Promise<void> {
    await undefined // whoever asks in the same turn goes along
    while (waiting.length > 0) {
      const together = waiting.splice(0, MOST)
      try {
        const ranges = await this.pass(slab, together.map(({ search }) => search))
        for (const [i, { resolve }] of together.entries()) resolve(ranges.map(range => range[i]!))
      } catch (err) {
        for (const { reject } of together) reject(err)
      }
    }
    this.#waiting.delete(slab)
  }
}
