import { asymmetricDistance } from '../../hamming/distance.js'
import type { breathing } from '../breathing.js'
import type { CodeGroup } from '../store/code-store.js'
import type { Subject } from './image-query.js'
import { SORTED_AT_ONCE, sorted } from '../sorted.js'

/** Groups that neither distance tells apart. */
export interface Level {
  readonly distance: number
  readonly asymmetric: number
  readonly ordinals: number[]
}

type Distances = Pick<Level, 'distance' | 'asymmetric'>

/** Below 0 when `a` is nearer. */
export function compare (a: Distances, b: Distances): number {
  return a.distance - b.distance || a.asymmetric - b.asymmetric
}

/** All levels at once, in order. */
export function levelsOf (groups: readonly CodeGroup[], { outputs }: Subject): Level[] {
  const levels: Level[] = []
  if (outputs === undefined) { // in order already, and nobody looks at the codes
    for (const { distance, ordinals } of groups) add(levels, distance, 0, ordinals)
    return levels
  }
  const nearest = groups.map(group => ({ ...group, asymmetric: asymmetricDistance(outputs, group.code) }))
  for (const { distance, asymmetric, ordinals } of nearest.sort(compare)) add(levels, distance, asymmetric, ordinals)
  return levels
}

/** The same, a distance at a time and with pauses: who needs the near ones alone never orders the others, and there may be as many as images. */
export async function * levelsByDistance (groups: readonly CodeGroup[], { outputs }: Subject, breathe: ReturnType<typeof breathing>): AsyncGenerator<readonly Level[], void> {
  for (let from = 0, to = 0; from < groups.length; from = to) {
    const { distance } = groups[from]!
    const levels: Level[] = []
    const ring: (Distances & { readonly ordinals: ArrayLike<number> })[] = []
    let gone = 0
    for (; to < groups.length && groups[to]!.distance === distance; to++) {
      const { code, ordinals } = groups[to]!
      if (outputs === undefined) add(levels, distance, 0, ordinals)
      else ring.push({ distance, asymmetric: asymmetricDistance(outputs, code), ordinals })
      gone += 1 + ordinals.length
      if (gone < SORTED_AT_ONCE) continue
      gone = 0
      await breathe()
    }
    for (const { asymmetric, ordinals } of await sorted(ring, compare, breathe)) {
      add(levels, distance, asymmetric, ordinals)
      gone += 1 + ordinals.length
      if (gone < SORTED_AT_ONCE) continue
      gone = 0
      await breathe()
    }
    yield levels
  }
}

function add (levels: Level[], distance: number, asymmetric: number, ordinals: ArrayLike<number>): void {
  let last = levels.at(-1)
  if (last === undefined || last.distance !== distance || last.asymmetric !== asymmetric) levels.push(last = { distance, asymmetric, ordinals: [] })
  for (let i = 0; i < ordinals.length; i++) last.ordinals.push(ordinals[i]!)
}
