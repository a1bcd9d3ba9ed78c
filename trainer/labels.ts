/**
 * The labels of many items, as bits: item i has label c when bit c & 31 of `words[i · stride + (c >> 5)]` is set. One form
 * for one label an item and for many, so that "shares a label" is an AND everywhere.
 */
export interface Labels {
  readonly count: number
  /** How many labels there are to have. */
  readonly classes: number
  /** Words an item. */
  readonly stride: number
  readonly words: Uint32Array
}

/** @param lists the labels of each item, numbers below `classes`. @throws RangeError for another label. */
export function labelsOfLists (lists: readonly (readonly number[])[], classes: number): Labels {
  const stride = Math.max(1, Math.ceil(classes / 32))
  const words = new Uint32Array(lists.length * stride)
  for (const [i, list] of lists.entries()) {
    for (const label of list) {
      assertLabel(label, classes, i)
      words[i * stride + (label >> 5)]! |= 1 << (label & 31)
    }
  }
  return { count: lists.length, classes, stride, words }
}

/** @param ofItem the one label of each item. @throws RangeError for a label not below `classes`. */
export function labelsOfClasses (ofItem: ArrayLike<number>, classes: number): Labels {
  const stride = Math.max(1, Math.ceil(classes / 32))
  const words = new Uint32Array(ofItem.length * stride)
  for (let i = 0; i < ofItem.length; i++) {
    assertLabel(ofItem[i]!, classes, i)
    words[i * stride + (ofItem[i]! >> 5)] = 1 << (ofItem[i]! & 31)
  }
  return { count: ofItem.length, classes, stride, words }
}

/** The labels of some of the items, in the order asked for. */
export function labelsAt ({ words, classes, stride }: Labels, items: ArrayLike<number>): Labels {
  const chosen = new Uint32Array(items.length * stride)
  for (let i = 0; i < items.length; i++) chosen.set(words.subarray(items[i]! * stride, (items[i]! + 1) * stride), i * stride)
  return { count: items.length, classes, stride, words: chosen }
}

/** The labels of item `i`, ascending. */
export function labelsOf ({ words, classes, stride }: Labels, i: number): number[] {
  const list: number[] = []
  for (let label = 0; label < classes; label++) {
    if ((words[i * stride + (label >> 5)]! >>> (label & 31)) & 1) list.push(label)
  }
  return list
}

/** The first label of each item, −1 where there is none: the class, where every item has one label. */
export function classesOf (labels: Labels): Int32Array {
  return Int32Array.from({ length: labels.count }, (_, i) => labelsOf(labels, i)[0] ?? -1)
}

/** The labels as numbers 0 and 1, [count, classes]. */
export function labelMatrix (labels: Labels): Float32Array {
  const matrix = new Float32Array(labels.count * labels.classes)
  for (let i = 0; i < labels.count; i++) for (const label of labelsOf(labels, i)) matrix[i * labels.classes + label] = 1
  return matrix
}

/** The most labels an item has. */
export function mostLabels ({ words, count, stride }: Labels): number {
  let most = 0
  for (let i = 0; i < count; i++) {
    let own = 0
    for (let w = i * stride; w < (i + 1) * stride; w++) for (let rest = words[w]!; rest !== 0; rest &= rest - 1) own++
    most = Math.max(most, own)
  }
  return most
}

function assertLabel (label: number, classes: number, item: number): void {
  if (!Number.isInteger(label) || label < 0 || label >= classes) throw new RangeError(`item ${item}: labels are whole numbers below ${classes}, got ${label}`)
}
