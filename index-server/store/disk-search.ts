import type { Code } from '../../hamming/code.js'
import type { Breathe } from '../breathing.js'
import type { Nearest } from './nearest.js'
import type { Snapshot, SnapshotWindow } from './snapshot-window.js'
import type { VersionTables } from './version-tables.js'

/** One search on disk under way: what it looks for, as of when, what it found, what it cost. */
export interface DiskSearch {
  readonly tables: VersionTables
  readonly window: SnapshotWindow
  readonly snapshot: Snapshot
  readonly code: Code
  readonly nearest: Nearest
  readonly accept: ((ordinal: number) => boolean) | undefined
  readonly signal: AbortSignal | undefined
  /** Lets others run when this has run for long. */
  readonly breathe: Breathe
  buckets: number
  candidates: number
}

/** Whether an ordinal is in a snapshot: what was removed later is still there. */
export function isVisible ({ tables, window, snapshot }: Pick<DiskSearch, 'tables' | 'window' | 'snapshot'>, ordinal: number): boolean {
  if (ordinal >= snapshot.next) return false
  if (!tables.removed.has(ordinal)) return true
  const removal = window.removalOf(ordinal)
  return removal !== undefined && removal.removedAt > snapshot.sequence
}

/** Takes a visible code that lies within the limit, if it is accepted. */
export function offer ({ nearest, accept }: DiskSearch, distance: number, ordinal: number, bytes: Uint8Array, from = 0): void {
  if (distance <= nearest.limit && (accept === undefined || accept(ordinal))) nearest.add(distance, ordinal, bytes, from)
}
