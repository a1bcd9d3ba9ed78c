import { labelsAt, type Labels } from '../labels.js'

/** Pictures of one size with their labels, decoded and in memory. */
export interface PixelSet {
  readonly count: number
  readonly width: number
  readonly height: number
  /** u8 [count, height, width, 3], RGB. */
  readonly pixels: Uint8Array
  readonly labels: Labels
  /** What the labels are called, in their order. */
  readonly names: readonly string[]
}

/** Image files with their labels, not read yet. */
export interface PictureList {
  readonly files: readonly string[]
  readonly labels: Labels
  /** What the labels are called, in their order. */
  readonly names: readonly string[]
}

/** What a dataset gives: its own division, where it has one. */
export interface Divided<Set> {
  readonly train: Set
  readonly test: Set
}

/** Some of the pictures, in the order asked for; one may be asked for more than once. */
export function pixelsAt (set: PixelSet, items: ArrayLike<number>): PixelSet {
  const bytes = set.width * set.height * 3
  const pixels = new Uint8Array(items.length * bytes)
  for (let i = 0; i < items.length; i++) pixels.set(set.pixels.subarray(items[i]! * bytes, (items[i]! + 1) * bytes), i * bytes)
  return { ...set, count: items.length, pixels, labels: labelsAt(set.labels, items) }
}

/** Some of the files, in the order asked for. */
export function picturesAt (list: PictureList, items: ArrayLike<number>): PictureList {
  return { ...list, files: Array.from(items, i => list.files[i]!), labels: labelsAt(list.labels, items) }
}
