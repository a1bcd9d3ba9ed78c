import { asymmetricDistance } from '../../hamming/distance.js'
import { counting, type Breathe } from '../breathing.js'
import type { CodeGroup } from '../store/code-store.js'
import type { Subject } from './image-query.js'
import { sorted } from '../sorted.js'

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
export async function * levelsByDistance (groups: readonly CodeGroup[], { outputs }: Subject, breathe: Breathe): AsyncGenerator<readonly Level[], void> {
  const isTime = counting()
  for (let from = 0, to = 0; from < groups.length; from = to) {
    const { distance } = groups[from]!
    const ring: (Distances & Pick<CodeGroup, 'ordinals'>)[] = []
    for (; to < groups.length && groups[to]!.distance === distance; to++) {
      const { code, ordinals } = groups[to]!
      ring.push({ distance, asymmetric: outputs === undefined ? 0 : asymmetricDistance(outputs, code), ordinals })
      if (isTime()) await breathe()
    }
    const levels: Level[] = []
    for (const { asymmetric, ordinals } of outputs === undefined ? ring : await sorted(ring, compare, breathe)) {
      const level = levelOf(levels, distance, asymmetric)
      for (let i = 0; i < ordinals.length; i++) {
        level.ordinals.push(ordinals[i]!)
        if (isTime()) await breathe()
      }
    }
    yield levels
  }
}

function add (levels: Level[], distance: number, asymmetric: number, ordinals: ArrayLike<number>): void {
  const level = levelOf(levels, distance, asymmetric)
  for (let i = 0; i < ordinals.length; i++) level.ordinals.push(ordinals[i]!)
}

/** The last level, or the next one where that is at other distances. */
function levelOf (levels: Level[], distance: number, asymmetric: number): Level {
  const last = levels.at(-1)
  if (last !== undefined && last.distance === distance && last.asymmetric === asymmetric) return last
  const next = { distance, asymmetric, ordinals: [] }
  levels.push(next)
  return next
}
