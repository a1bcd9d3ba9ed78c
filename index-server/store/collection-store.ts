import type { ErrorCode } from '../../errors.js'
import type { Code } from '../../hamming/code.js'
import type { Soon } from '../soon.js'
import type { CodeStore } from './code-store.js'
import type { LabelQuery, OrdinalSet } from './label-sets.js'
import type { Show } from './shown-images.js'

/**
 * All that is kept of one collection: the join of items, labels and codes (design.md section 1, "Join"), the positions
 * in the log up to which it has been folded, and each version's tables. One RocksDB directory holds all collections.
 *
 * `apply` writes everything that a run of records of one topic-partition changes, together with that partition's
 * position, in one write batch: replaying what was applied changes nothing, and a crash loses nothing.
 */
export interface CollectionStore {
  readonly name: string
  /**
   * Where to read on in each partition of a topic: what `apply` last wrote. A partition never read is not there. It
   * never goes back, and stands still while the partition is swept, so that a sweep cut short is due again.
   */
  positions (topic: string): Promise<ReadonlyMap<number, AppliedPosition>>
  /** May be called at any time: runs are applied one after the other, in the order of the calls. A run that fails has changed nothing. */
  apply (changes: readonly StoreChange[], position: AppliedPosition & { readonly topic: string, readonly partition: number }): Promise<void>

  /** Gives a version tables; one that has them keeps them. @throws CodeWidthError when those are for codes of another width. */
  addVersion (version: string, bits: number): Promise<void>
  /** Drops a version's codes and tables. It is gone when this resolves; its rows go in steps, in the background. */
  dropVersion (version: string): Promise<void>
  versions (): readonly string[]
  /** @throws HammingbirdError `HAMMINGBIRD_NOT_FOUND` for a version without tables. */
  codes (version: string): CodeStore

  /** What is known of a live image; `undefined` when it is unknown or deleted. */
  item (id: string): Soon<StoredItem | undefined>
  /**
   * The images behind ordinals, in order, as they are now; `undefined` where one was deleted. An image whose code was
   * replaced is still found under the former ordinal for as long as a search may be pinned to a moment that had it.
   */
  itemsOf (version: string, ordinals: readonly number[]): Promise<(StoredItem | undefined)[]>
  /**
   * What the images behind ordinals are shown as, in order, as they are now; `undefined` where one was deleted. At once where
   * all of them were shown lately. The bytes are good until something is awaited.
   *
   * @param show makes it: always the same for a version, or what was kept is of the other.
   */
  shownOf (version: string, ordinals: readonly number[], show: Show): Soon<readonly (Uint8Array | undefined)[]>
  /** Where the items stand from which codes were made, in order of `ordinals`: what ties are ordered by. */
  positionsOf (version: string, ordinals: ArrayLike<number>): Soon<ItemPositions>
  /** The details of codes, in order of `ordinals`; `undefined` where there is none. */
  detailsOf (version: string, ordinals: readonly number[]): Promise<(Uint8Array | undefined)[]>
  /**
   * Codes that a search of a moment may find, and that are gone from the newest one, or are about to be: their images were
   * deleted, updated, or refused.
   *
   * @param sequence the moment, as `codes(version)` counts them.
   */
  removedSince (version: string, sequence: number): Iterable<number>
  /** What filters look at, of every live image with a code, in order of id. */
  views (version: string): AsyncIterable<readonly FilterView[]>
  /** The same of some images; `undefined` where one is not live or has no code. */
  viewsOf (version: string, ids: readonly string[]): Promise<(FilterView | undefined)[]>
  /**
   * The ordinals of the images that have labels, and maybe others: whoever finds an image by them looks at its labels.
   *
   * @param most images with a label, past which its set is not made; one that is at hand is used, however large.
   * @returns undefined when no label is asked for, or no set is at hand or worth making.
   */
  labelledOrdinals (version: string, labels: LabelQuery, most: number, signal: AbortSignal | undefined): Promise<OrdinalSet | undefined>
  /** The ids of the live images with a label, in order. */
  labelled (label: string): AsyncIterable<readonly string[]>
  picture (id: string): Promise<Buffer | undefined>
  /** Live items in order of id, behind `after`. */
  items (after?: string): AsyncIterable<readonly StoredItem[]>
  /** Newer than what source position, as the item or tombstone of an id has it; `undefined` for an unknown id. */
  sourceOf (id: string): Promise<SourcePosition | undefined>

  counts (version: string): VersionCounts
  /**
   * Per items partition: which source positions are settled under a version (design.md "Progress"): what both the items
   * and the version's codes have passed.
   */
  progress (version: string): ReadonlyMap<number, PartitionProgress>

  /** Entries of what was set aside. */
  readonly setAsideCount: number
  /** The newest entry of each id, newest first: by offset, then by partition. */
  setAside (query: { readonly code?: string, readonly after?: SetAsideKey, readonly limit: number }): Promise<readonly StoredSetAside[]>
  setAsideOf (id: string): Promise<StoredSetAside | undefined>

  /** Marks all ids of a partition unseen; `endSweep` removes those no change has touched since. */
  beginSweep (topic: string, partition: number): Promise<void>
  endSweep (topic: string, partition: number): Promise<void>
}

export interface AppliedPosition {
  /** The next offset to read. */
  readonly next: number
  /** When it was applied, Unix time: a reader away too long must sweep. */
  readonly atMs: number
}

/** Where items stand in C.items, one after the other. */
export interface ItemPositions {
  readonly partitions: readonly number[]
  readonly offsets: number[]
}

export interface SourcePosition {
  readonly partition: number
  readonly offset: number
}

/** What one record of the log says, in the words of the join. `partition` is the items partition throughout. */
export type StoreChange =
  | { readonly kind: 'item', readonly id: string, readonly partition: number, readonly offset: number, readonly item: ItemFields, readonly picture: Uint8Array | undefined }
  | { readonly kind: 'item-gone', readonly id: string, readonly partition: number, readonly offset: number, readonly source: SourcePosition | undefined }
  /** `labels: null` returns to the item's own. */
  | { readonly kind: 'labels', readonly id: string, readonly labels: readonly string[] | null }
  | { readonly kind: 'code', readonly version: string, readonly id: string, readonly partition: number, readonly itemOffset: number, readonly code: Code, readonly detail: Uint8Array | undefined }
  | { readonly kind: 'code-refused', readonly version: string, readonly id: string, readonly partition: number, readonly itemOffset: number, readonly refused: ErrorCode }
  /** The codes topic's own tombstone: nothing to join (the item's tombstone rules), but a sweep sees it. */
  | { readonly kind: 'code-gone', readonly version: string, readonly id: string, readonly partition: number }
  /** `version` is undefined for progress of the items topic itself. */
  | { readonly kind: 'progress', readonly version: string | undefined, readonly partition: number, readonly sourcePartition: number, readonly next: number, readonly publishedAtMs: number }
  | { readonly kind: 'set-aside', readonly entry: StoredSetAside }

export interface ItemFields {
  readonly labels: readonly string[]
  readonly metadata: Readonly<Record<string, string>>
  readonly uri: string
  readonly capturedAtMs: number | undefined
  /** Of the original bytes. */
  readonly sha256: Uint8Array
  readonly source: SourcePosition
  readonly publishedAtMs: number
  readonly width: number
  readonly height: number
  readonly format: string
}

export interface StoredItem extends Omit<ItemFields, 'labels'> {
  readonly id: string
  /** Those that count: given later by people, else the item's. */
  readonly labels: readonly string[]
  readonly partition: number
  /** In C.items: the image's version number. */
  readonly offset: number
  readonly codes: ReadonlyMap<string, StoredCode>
}

/** What filters look at. Read from the row as far as it is asked for: ask once. */
export interface FilterView {
  readonly ordinal: number
  readonly labels: readonly string[]
  readonly capturedAtMs: number | undefined
  readonly metadata: Readonly<Record<string, string>>
}

export type StoredCode =
  | { readonly ordinal: number, readonly code: Code, readonly detail: Uint8Array | undefined, readonly itemOffset: number, readonly stale: boolean }
  | { readonly refused: ErrorCode }

/** coded + setAside + waiting = live. */
export interface VersionCounts {
  readonly live: number
  readonly coded: number
  readonly setAside: number
  readonly waiting: number
}

/** By source partition: the next source offset not known to be settled, and the publish time of the newest settled. */
export type PartitionProgress = ReadonlyMap<number, { readonly next: number, readonly publishedAtMs: number }>

export interface SetAsideKey {
  readonly partition: number
  readonly offset: number
}

/** What C.set-aside says of a message; its bytes stay in the log. */
export interface StoredSetAside extends SetAsideKey {
  readonly id: string
  readonly code: string
  readonly message: string
  readonly stage: string
  readonly sourceTopic: string
  readonly sourcePartition: number
  readonly sourceOffset: number
  readonly atMs: number
  readonly imageBytes: number
}
