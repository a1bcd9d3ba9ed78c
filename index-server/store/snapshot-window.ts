import { HammingbirdError } from '../../errors.js'
import type { CodeRecord } from './keys/code-record.js'

/** A code that is gone, kept for the searches that began before. */
export interface Removal {
  readonly ordinal: number
  readonly record: CodeRecord
  /** The sequence from which on it is gone. */
  readonly removedAt: number
  readonly atMs: number
}

/** What a search sees: ordinals below `next` that were not removed at or before `sequence`. */
export interface Snapshot {
  readonly sequence: number
  readonly next: number
  readonly count: number
}

export interface SnapshotWindowOptions {
  /** How long a snapshot can be searched. @default 75 s: page tokens live for 60 */
  readonly keepMs?: number
  /** Most removals kept: past that the oldest snapshots go early. @default 500,000 */
  readonly keepRemovals?: number
  /** Unix time. @default Date.now */
  readonly now?: () => number
}

/**
 * The last moments of a version's table. Ordinals only grow, so a moment is one number, the next ordinal; what was
 * removed since is kept here, for on disk it is gone.
 *
 * A removal is announced before the write that makes it durable: from then on until `advance` the disk may or may not
 * have the code, and searches find it here.
 */
export class SnapshotWindow {
  readonly #keepMs: number
  readonly #keepRemovals: number
  readonly #now: () => number
  /** One a sequence, without gaps. */
  readonly #moments: (Snapshot & { readonly atMs: number })[]
  /** In the order they were removed. */
  #removals: Removal[] = []
  readonly #removalOf = new Map<number, Removal>()
  readonly #pinned = new Map<number, number>()

  constructor (next: number, count: number, { keepMs = 75_000, keepRemovals = 500_000, now = Date.now }: SnapshotWindowOptions = {}) {
    this.#keepMs = keepMs
    this.#keepRemovals = keepRemovals
    this.#now = now
    this.#moments = [{ sequence: 0, next, count, atMs: now() }]
  }

  get newest (): Snapshot {
    return this.#moments[this.#moments.length - 1]!
  }

  /** Says what a coming write removes. @param ahead how many writes are announced that have not advanced yet. */
  announce (removals: readonly { readonly ordinal: number, readonly record: CodeRecord }[], ahead = 0): void {
    for (const { ordinal, record } of removals) {
      const removal = { ordinal, record, removedAt: this.newest.sequence + ahead + 1, atMs: this.#now() }
      this.#removals.push(removal)
      this.#removalOf.set(ordinal, removal)
    }
  }

  /** Takes back all that was announced and has not come: a write failed. */
  retract (): void {
    while (this.#removals.length > 0 && this.#removals[this.#removals.length - 1]!.removedAt > this.newest.sequence) {
      this.#removalOf.delete(this.#removals.pop()!.ordinal)
    }
  }

  /** The write is durable: the next sequence begins. */
  advance (next: number, count: number): void {
    this.#moments.push({ sequence: this.newest.sequence + 1, next, count, atMs: this.#now() })
    this.#forget()
  }

  /**
   * Holds a moment until `release`.
   *
   * @throws HammingbirdError `HAMMINGBIRD_PAGE_EXPIRED` for one that is not known any more, or not yet.
   */
  pin (sequence = this.newest.sequence): Snapshot {
    const moment = this.#moments[sequence - this.#moments[0]!.sequence]
    if (!moment) throw new HammingbirdError('HAMMINGBIRD_PAGE_EXPIRED', `the index as of change ${sequence} is not known any more: search again from the start`)
    this.#pinned.set(sequence, (this.#pinned.get(sequence) ?? 0) + 1)
    return moment
  }

  release ({ sequence }: Snapshot): void {
    const left = this.#pinned.get(sequence)! - 1
    if (left > 0) this.#pinned.set(sequence, left)
    else this.#pinned.delete(sequence)
  }

  /** When an ordinal was removed; `undefined` when it was not, or too long ago for any snapshot. */
  removalOf (ordinal: number): Removal | undefined {
    return this.#removalOf.get(ordinal)
  }

  /** What was removed behind a sequence: announced removals among it. */
  removedSince (sequence: number): Removal[] {
    let from = this.#removals.length
    while (from > 0 && this.#removals[from - 1]!.removedAt > sequence) from--
    return this.#removals.slice(from)
  }

  /** What a snapshot still has and the disk may not. */
  removedFrom ({ sequence, next }: Snapshot): Removal[] {
    return this.removedSince(sequence).filter(({ ordinal }) => ordinal < next)
  }

  /** Lets go of moments that are too old, and of what was removed before the oldest one left. */
  #forget (): void {
    const dueMs = this.#now() - this.#keepMs
    const oldestPinned = Math.min(...this.#pinned.keys(), Infinity)
    // Of too many removals the oldest go, and with them the moments that still had them.
    const surplus = this.#removals[this.#removals.length - this.#keepRemovals - 1]?.removedAt ?? 0
    let gone = 0
    while (gone < this.#moments.length - 1) {
      const { sequence } = this.#moments[gone]!
      // A moment is old from when its successor came.
      const old = this.#moments[gone + 1]!.atMs <= dueMs || sequence < surplus
      if (!old || sequence >= oldestPinned) break
      gone++
    }
    if (gone === 0) return
    this.#moments.splice(0, gone)
    const oldest = this.#moments[0]!.sequence
    let passed = 0
    while (passed < this.#removals.length && this.#removals[passed]!.removedAt <= oldest) {
      this.#removalOf.delete(this.#removals[passed++]!.ordinal)
    }
    if (passed > 0) this.#removals = this.#removals.slice(passed)
  }
}
