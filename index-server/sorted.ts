import { STEPS_AT_ONCE, type Breathe } from './breathing.js'

/**
 * Sorts, as `Array.prototype.sort` does, with pauses: pieces first, then two neighbours become one, until there is one.
 *
 * @returns the items in order: the array itself, or another one.
 */
export async function sorted<T> (items: T[], order: (a: T, b: T) => number, breathe: Breathe): Promise<T[]> {
  if (items.length <= STEPS_AT_ONCE) return items.sort(order)
  let runs: T[][] = []
  for (let from = 0; from < items.length; from += STEPS_AT_ONCE) {
    runs.push(items.slice(from, from + STEPS_AT_ONCE).sort(order))
    await breathe()
  }
  while (runs.length > 1) {
    const merged: T[][] = []
    for (let i = 0; i < runs.length; i += 2) merged.push(i + 1 < runs.length ? await merge(runs[i]!, runs[i + 1]!, order, breathe) : runs[i]!)
    runs = merged
  }
  return runs[0]!
}

async function merge<T> (left: readonly T[], right: readonly T[], order: (a: T, b: T) => number, breathe: Breathe): Promise<T[]> {
  const all: T[] = []
  let [l, r] = [0, 0]
  while (l < left.length || r < right.length) {
    const end = Math.min(all.length + STEPS_AT_ONCE, left.length + right.length)
    while (all.length < end) all.push(r === right.length || (l < left.length && order(left[l]!, right[r]!) <= 0) ? left[l++]! : right[r++]!)
    await breathe()
  }
  return all
}
