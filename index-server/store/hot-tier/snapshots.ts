import { HammingbirdError } from '../../../errors.js'

/** Which codes a search at a sequence sees: ordinals below `ordinalsEnd`, but those in `late`. */
export interface Snapshot {
  readonly sequence: number
  readonly ordinalsEnd: number
  /** Ordinals below `ordinalsEnd` that were added after the snapshot; `undefined` when there is none. */
  readonly late: readonly number[] | undefined
}

/**
 * Remembers what every sequence of the last minute saw, in a few bytes each. Ordinals are given out in order of
 * arrival, so a sequence saw those below an end; one that was added out of order is remembered by itself.
 */
export class Snapshots {
  sequence = 0
  #ordinalsEnd = 0
  /** Entry i is sequence `#first + i`: the ordinals' end then, and when the next sequence began. */
  #first = 0
  #ends: number[] = [0]
  #endedAtMs: number[] = []
  readonly #late = new Map<number, number>()

  constructor (private readonly keepMs: number, private readonly now: () => number) {}

  /** Begins the next sequence. */
  begin (): number {
    if (this.sequence % 1024 === 0) this.horizon()
    this.#endedAtMs.push(this.now())
    this.sequence++
    this.#ends.push(this.#ordinalsEnd)
    return this.sequence
  }

  added (ordinal: number): void {
    if (ordinal < this.#ordinalsEnd) this.#late.set(ordinal, this.sequence)
    else this.#ends[this.#ends.length - 1] = this.#ordinalsEnd = ordinal + 1
  }

  /** @throws HammingbirdError `HAMMINGBIRD_PAGE_EXPIRED` for a sequence that is not remembered. */
  at (sequence: number | undefined): Snapshot {
    if (sequence === undefined || sequence === this.sequence) return { sequence: this.sequence, ordinalsEnd: this.#ordinalsEnd, late: undefined }
    if (!Number.isInteger(sequence) || sequence > this.sequence || sequence <= this.horizon()) {
      throw new HammingbirdError('HAMMINGBIRD_PAGE_EXPIRED', 'the snapshot behind this page is gone: search again from the start')
    }
    const ordinalsEnd = this.#ends[sequence - this.#first]!
    const late = [...this.#late].filter(([ordinal, addedAt]) => addedAt > sequence && ordinal < ordinalsEnd).map(([ordinal]) => ordinal)
    return { sequence, ordinalsEnd, late: late.length === 0 ? undefined : late }
  }

  /** The newest sequence that no search can ask for any more: what was removed by then may be forgotten. */
  horizon (): number {
    const oldest = this.now() - this.keepMs
    let gone = 0
    while (gone < this.#endedAtMs.length && this.#endedAtMs[gone]! < oldest) gone++
    if (gone > 0) {
      this.#endedAtMs.splice(0, gone)
      this.#ends.splice(0, gone)
      this.#first += gone
      for (const [ordinal, sequence] of this.#late) if (sequence <= this.#first) this.#late.delete(ordinal)
    }
    return this.#first - 1
  }
}
