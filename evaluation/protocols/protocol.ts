import type { PixelSet } from '../../trainer/datasets/dataset.js'
import { classesOf } from '../../trainer/labels.js'
import { Random } from '../../trainer/random.js'

/** Who learns from what, and who searches what. */
export interface Division {
  readonly train: PixelSet
  readonly database: PixelSet
  readonly queries: PixelSet
}

/** A way to divide a dataset that figures are compared under. Figures of different protocols are never compared. */
export interface Protocol {
  readonly name: string
  /** In a sentence, with all numbers. */
  readonly about: string
  /**
   * @param data the directory of the evaluation data.
   * @param side of the pictures in pixels, where they come in no one size. @default the protocol's
   */
  readonly load: (data: string, side?: number) => Promise<Division>
}

/** `perClass` items of each class, drawn at random by the seed, in the order of the set; and all others. */
export function heldOut (set: PixelSet, perClass: number, seed: number): { readonly held: Uint32Array, readonly rest: Uint32Array } {
  const classes = classesOf(set.labels)
  const left = new Int32Array(set.labels.classes).fill(perClass)
  const held = new Set<number>()
  for (const i of new Random(seed).permutation(set.count)) {
    const c = classes[i]!
    if (c < 0 || (left[c] ?? 0) === 0) continue
    left[c]! -= 1
    held.add(i)
  }
  if (left.some(missing => missing > 0)) throw new RangeError(`a class has fewer than ${perClass} items`)
  const all = Uint32Array.from({ length: set.count }, (_, i) => i)
  return { held: all.filter(i => held.has(i)), rest: all.filter(i => !held.has(i)) }
}

/** Of each class, the items from its `from`-th to before its `to`-th, in the order of the set. */
export function rankedOfClass (set: PixelSet, from: number, to: number): Uint32Array {
  const seen = new Uint32Array(set.labels.classes)
  const chosen: number[] = []
  for (const [i, c] of classesOf(set.labels).entries()) {
    if (c < 0) continue
    if (seen[c]! >= from && seen[c]! < to) chosen.push(i)
    seen[c]! += 1
  }
  return Uint32Array.from(chosen)
}
