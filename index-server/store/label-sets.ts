import { RoaringBitmap32, roaringLibraryInitialize } from 'roaring-wasm'
import type { FilterView } from './collection-store.js'

/** Sets kept; the one not asked for longest goes first. */
const KEPT = 64
/** Changed ids that are remembered: past that all sets are made anew. */
const MOST_CHANGED = 100_000
const RUN = 1024

/** Where sets are made from. */
export interface LabelSource {
  /** The ids of the live images with a label, in order. */
  readonly labelled: (label: string) => AsyncIterable<readonly string[]>
  readonly viewsOf: (tables: number, ids: readonly string[]) => Promise<readonly (FilterView | undefined)[]>
}

export interface LabelQuery {
  /** At least one of these; empty asks nothing. */
  readonly any: readonly string[]
  /** Every one of these. */
  readonly all: readonly string[]
}

/** Ordinals as a compressed bitmap. */
export type OrdinalSet = Pick<RoaringBitmap32, 'has' | 'size' | 'maximum' | 'rangeUint32Array'>

interface Held {
  readonly set: RoaringBitmap32
  /** How many changes it has seen. */
  seen: number
}

/**
 * The ordinals of the images with a label, as compressed bitmaps: made when a label is first asked for, and brought up to
 * date when it is asked for again, by looking at what changed meanwhile. A set may hold more than has the label now, former
 * ordinals and images that have lost it: whoever finds an image by it looks at its labels again.
 */
export class LabelSets {
  readonly #source: LabelSource
  /** In order of use. */
  readonly #held = new Map<string, Held>()
  #changed: string[] = []
  /** Changes that are remembered no more. */
  #forgotten = 0
  #making = 0

  constructor (source: LabelSource) {
    this.#source = source
  }

  /** These ids have changed, durably. */
  changed (ids: Iterable<string>): void {
    if (this.#held.size + this.#making === 0) return
    for (const id of ids) this.#changed.push(id)
    if (this.#changed.length > MOST_CHANGED) this.clear()
  }

  /** Forgets all sets. */
  clear (): void {
    this.#held.clear() // their memory goes with the last search that reads them
    this.#forgotten += this.#changed.length
    this.#changed = []
  }

  /**
   * Whoever passes is in the set that is given.
   *
   * @param most images with a label, past which its set is not made; one that is at hand is used, however large.
   * @returns undefined when nothing is asked, or no set is at hand or worth making.
   */
  async of (tables: number, { any, all }: LabelQuery, most: number, signal: AbortSignal | undefined): Promise<OrdinalSet | undefined> {
    let passing: RoaringBitmap32 | undefined
    for (const labels of [...all.map(label => [label]), ...any.length > 0 ? [any] : []]) {
      const sets: RoaringBitmap32[] = []
      for (const label of labels) {
        const set = await this.#set(tables, label, most, signal)
        if (set === undefined) break
        sets.push(set)
      }
      if (sets.length < labels.length) continue
      const having = sets.length === 1 ? sets[0]! : RoaringBitmap32.orMany(sets)
      passing = passing === undefined ? having : RoaringBitmap32.and(passing, having)
    }
    return passing
  }

  async #set (tables: number, label: string, most: number, signal: AbortSignal | undefined): Promise<RoaringBitmap32 | undefined> {
    await roaringLibraryInitialize()
    const name = `${tables} ${label}`
    const held = this.#held.get(name)
    const now = this.#forgotten + this.#changed.length
    if (held !== undefined) {
      this.#held.delete(name)
      this.#held.set(name, held)
      if (held.seen === now) return held.set
      const ids = [...new Set(this.#changed.slice(held.seen - this.#forgotten))]
      await this.#add(held.set, tables, label, ids, signal)
      held.seen = Math.max(held.seen, now)
      return held.set
    }
    if (most === 0) return undefined
    this.#making++
    try {
      const ids: string[] = []
      for await (const run of this.#source.labelled(label)) {
        signal?.throwIfAborted()
        ids.push(...run)
        if (ids.length > most) return undefined
      }
      const set = new RoaringBitmap32()
      await this.#add(set, tables, label, ids, signal)
      if (now < this.#forgotten) return set // too much has changed meanwhile to keep it
      this.#held.set(name, { set, seen: now })
      for (const oldest of this.#held.keys()) {
        if (this.#held.size <= KEPT) break
        this.#held.delete(oldest)
      }
      return set
    } finally {
      this.#making--
    }
  }

  async #add (set: RoaringBitmap32, tables: number, label: string, ids: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    for (let from = 0; from < ids.length; from += RUN) {
      signal?.throwIfAborted()
      for (const view of await this.#source.viewsOf(tables, ids.slice(from, from + RUN))) {
        if (view?.labels.includes(label)) set.add(view.ordinal)
      }
    }
  }
}
