/** What is done to the images of a collection, and what must be there in the end. */
export type Step =
  | { readonly kind: 'publish', readonly id: string, readonly picture: number, readonly labels: readonly string[] }
  | { readonly kind: 'delete', readonly id: string }
  | { readonly kind: 'label', readonly id: string, readonly labels: readonly string[] | undefined }

export interface Expected {
  /** Index of its picture. */
  readonly picture: number
  readonly labels: readonly string[]
}

/** A generator of numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function seeded (seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * A history of `ids` images: each is published, many are updated, labelled, deleted and brought back, in an order that
 * mixes them all.
 */
export function history (ids: number, pictures: number, random: () => number): readonly Step[] {
  const steps: Step[] = []
  for (let i = 0; i < ids * 2; i++) {
    const id = `image/${i < ids ? i : Math.floor(random() * ids)}`
    const dice = i < ids ? 0 : random()
    if (dice < 0.5) steps.push({ kind: 'publish', id, picture: Math.floor(random() * pictures), labels: [`class-${Math.floor(random() * 10)}`] })
    else if (dice < 0.7) steps.push({ kind: 'delete', id })
    else steps.push({ kind: 'label', id, labels: random() < 0.3 ? undefined : [`person-${Math.floor(random() * 5)}`] })
  }
  // Later steps move forward a little: updates and deletes come while first publications are still under way.
  return steps.map((step, at) => ({ step, at: at - (at >= ids ? random() * ids : 0) })).sort((a, b) => a.at - b.at).map(({ step }) => step)
}

/** The plain loop. */
export function replay (steps: readonly Step[]): ReadonlyMap<string, Expected> {
  const items = new Map<string, Expected>()
  const given = new Map<string, readonly string[]>()
  for (const step of steps) {
    if (step.kind === 'publish') items.set(step.id, { picture: step.picture, labels: step.labels })
    else if (step.kind === 'delete') items.delete(step.id)
    else if (step.labels === undefined) given.delete(step.id)
    else given.set(step.id, step.labels)
  }
  return new Map([...items].map(([id, item]) => [id, { ...item, labels: given.get(id) ?? item.labels }]))
}
