import type { Code } from '../../hamming/code.js'
import type { CodeStore } from './code-store.js'
import type { DiskCodeStore } from './disk-code-store.js'
import type { CodeCounts } from './keys/count-rows.js'
import type { PositionPages } from './position-pages.js'

/** Codes in order of ordinal: `codes` has them one after the other. */
export interface CodeRun {
  readonly ordinals: Uint32Array
  readonly codes: Uint8Array
}

/** What a version is searched in, and what it is loaded from. */
export interface OpenCodesOptions {
  readonly collection: string
  readonly version: string
  readonly bits: number
  /** Holds everything, and is applied to before whatever is put in front of it. */
  readonly disk: CodeStore
  /**
   * All codes as of the call: what is applied later is not in it, what is removed later is. Reads pages, so a million
   * codes take tens of milliseconds.
   */
  readonly load: () => AsyncIterable<CodeRun>
}

/** What stands in front of the disk. It is told of every change behind the moment it was opened at. */
export interface FrontCodeStore extends CodeStore {
  /** Calling it twice is fine. */
  close? (): Promise<void>
}

/** Opens what a version is searched in: the disk itself, or something in memory in front of it. */
export type OpenCodes = (options: OpenCodesOptions) => Promise<FrontCodeStore>

/** One version of a collection, open. */
export interface VersionCodes {
  readonly version: string
  readonly disk: DiskCodeStore
  readonly front: FrontCodeStore
  readonly positions: PositionPages
  /** As the last durable write has them. */
  counts: CodeCounts
  /** As the last run that was staged will have them. */
  staged: CodeCounts
}

/** A code to add or remove, as both stores are told. */
export interface OrdinalCode {
  readonly ordinal: number
  readonly code: Code
}
