import test from 'ava'
import fc from 'fast-check'
import type { FilterView } from '../../../index-server/store/collection-store.js'
import { LabelSets } from '../../../index-server/store/label-sets.js'

/** Images with labels and an ordinal, as a store has them. */
class World {
  readonly images = new Map<string, FilterView>()
  looked = 0
  #next = 0

  put (id: string, labels: readonly string[]): void {
    this.images.set(id, { ordinal: this.#next++, labels, capturedAtMs: undefined, metadata: {} })
  }

  readonly sets = new LabelSets({
    labelled: label => this.#labelled(label),
    viewsOf: async (_tables, ids) => {
      this.looked += ids.length
      return ids.map(id => this.images.get(id))
    }
  })

  async * #labelled (label: string): AsyncGenerator<readonly string[]> {
    yield [...this.images].filter(([, { labels }]) => labels.includes(label)).map(([id]) => id)
  }
}

const labels = fc.subarray(['cat', 'dog', 'bird'])
const step = fc.record({ puts: fc.array(fc.tuple(fc.nat(9), labels), { maxLength: 4 }), gone: fc.array(fc.nat(9), { maxLength: 2 }), any: labels, all: labels })

test('label sets: whoever passes is in the set, whatever changed since it was made', async t => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async steps => {
    const world = new World()
    for (const { puts, gone, any, all } of steps) {
      for (const [id, having] of puts) world.put(`i${id}`, having)
      for (const id of gone) world.images.delete(`i${id}`)
      world.sets.changed([...puts.map(([id]) => `i${id}`), ...gone.map(id => `i${id}`)])
      const set = await world.sets.of(1, { any, all }, 1000, undefined)
      t.is(set === undefined, any.length + all.length === 0)
      for (const { labels: having, ordinal } of world.images.values()) {
        const passes = all.every(label => having.includes(label)) && (any.length === 0 || any.some(label => having.includes(label)))
        if (set && passes) t.true(set.has(ordinal))
      }
    }
  }), { numRuns: 200 })
})

test('label sets: one too large is not made, one at hand is used and only what changed is looked at', async t => {
  const world = new World()
  for (let i = 0; i < 100; i++) world.put(`i${i}`, i % 2 === 0 ? ['even'] : ['odd'])
  t.is(await world.sets.of(1, { any: ['even'], all: [] }, 49, undefined), undefined)
  t.is(await world.sets.of(1, { any: ['even'], all: [] }, 0, undefined), undefined)
  const made = await world.sets.of(1, { any: ['even'], all: [] }, 50, undefined)
  t.deepEqual(Array.from({ length: 100 }, (_, i) => made!.has(i)), Array.from({ length: 100 }, (_, i) => i % 2 === 0))
  world.looked = 0
  world.put('i1', ['even'])
  world.sets.changed(['i1'])
  t.true((await world.sets.of(1, { any: [], all: ['even'] }, 0, undefined))!.has(100))
  t.is(world.looked, 1)
  world.sets.clear()
  t.is(await world.sets.of(1, { any: ['even'], all: [] }, 0, undefined), undefined)
  t.is(await world.sets.of(2, { any: [], all: [] }, 1000, undefined), undefined)
})
