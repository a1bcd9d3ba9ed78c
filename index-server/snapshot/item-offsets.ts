/** Where items stood, and where they stand now: of each partition in order. */
export class ItemOffsets {
  readonly #partitions: { readonly before: number[], readonly now: number[] }[] = []

  /** @param before larger than that of the one added before it in the partition. */
  add (partition: number, before: number, now: number): void {
    const offsets = this.#partitions[partition] ??= { before: [], now: [] }
    offsets.before.push(before)
    offsets.now.push(now)
  }

  /** Where an item stands now; `undefined` when it did not come along. */
  of (partition: number, before: number): number | undefined {
    const offsets = this.#partitions[partition]
    const at = offsets === undefined ? -1 : firstFrom(offsets.before, before)
    return offsets?.before[at] === before ? offsets.now[at] : undefined
  }

  /** Where the first item stands now that stood at `before` or behind it. @returns `end` when there is none. */
  from (partition: number, before: number, end: number): number {
    const offsets = this.#partitions[partition]
    return offsets?.now[firstFrom(offsets.before, before)] ?? end
  }
}

/** The place of the first that is `least` or more, in a list in order. */
function firstFrom (list: readonly number[], least: number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (list[middle]! < least) low = middle + 1
    else high = middle
  }
  return low
}
