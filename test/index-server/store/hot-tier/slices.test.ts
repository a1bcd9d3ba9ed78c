import { setImmediate } from 'node:timers/promises'
import test from 'ava'
import { HotCodeStore } from '../../../../index-server/store/hot-tier/hot-code-store.js'
import { SLOTS_A_SLICE } from '../../../../index-server/store/hot-tier/search.js'
import { Threads } from '../../../../index-server/store/hot-tier/threads.js'
import type { AcceptSet, CodeQuery } from '../../../../index-server/store/code-store.js'

const COUNT = 300_000

/** A set that counts how often it is asked, in each turn of the event loop. */
class Watched {
  asked = 0
  readonly set: AcceptSet

  constructor (words: number, word: number) {
    this.set = {
      bitmap: new Proxy(new Uint32Array(words).fill(word), {
        get: (bitmap, property) => {
          this.asked++
          return Reflect.get(bitmap, property, bitmap) as unknown
        }
      })
    }
  }

  /** The most in one turn, and in all, until something is done. */
  async until (done: Promise<unknown>): Promise<{ readonly most: number, readonly all: number, readonly turns: number }> {
    let [most, all] = [0, 0]
    const turns = await turnsUntil(done, () => {
      most = Math.max(most, this.asked)
      all += this.asked
      this.asked = 0
    })
    return { most, all, turns }
  }
}

/** How many turns the event loop takes until something is done; told of each. */
async function turnsUntil (done: Promise<unknown>, turn: () => void): Promise<number> {
  const state = { ended: false, turns: 0 }
  void done.finally(() => { state.ended = true })
  while (!state.ended) {
    await setImmediate()
    turn()
    state.turns++
  }
  return state.turns
}

/** Codes of 64 bits: all different, or few of which each has many images. */
async function filled (threads: Threads, codes: number): Promise<HotCodeStore> {
  const bytes = new Uint8Array(COUNT * 8)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < COUNT; i++) view.setUint32(i * 8 + 4, Math.imul(i % codes, 0x9e3779b1))
  return HotCodeStore.open({ bits: 64, threads }, [{ ordinals: Array.from({ length: COUNT }, (_, i) => i), codes: bytes }])
}

const searches: readonly (readonly [name: string, query: Omit<CodeQuery, 'code'>])[] = [
  ['a scan for all', { radius: 64, plan: 'scan' }],
  ['a scan for all, by distance alone', { radius: 64, plan: 'scan', anonymous: true }],
  ['a scan that counts', { radius: 64, plan: 'scan', countOnly: true }],
  ['a probe for many', { k: COUNT / 2 }],
  ['whatever finds all', { radius: 40 }]
]

for (const codes of [COUNT, 100]) {
  test(`slices: ${COUNT} images of ${codes} codes: between two turns of the event loop no more images are looked at than a slice has`, async t => {
    await using threads = Threads.open(0)
    await using store = await filled(threads, codes)
    const bound = 1.5 * SLOTS_A_SLICE // a whole slice, and the quick beginning of what comes next
    for (const [name, query] of searches) {
      const watched = new Watched(Math.ceil(COUNT / 32), 0x55555555)
      const { most, all, turns } = await watched.until(Promise.resolve(store.search({ ...query, code: new Uint8Array(8), accept: watched.set })))
      t.log(name, { most, all, turns })
      t.true(all >= COUNT / 4, `${name}: ${all} were looked at`)
      t.true(most <= bound, `${name}: ${most} in one turn`)
    }
  })
}

test('slices: what was begun to be put together in the caller\'s turn goes on where it was left', async t => {
  await using threads = Threads.open(0)
  await using store = await filled(threads, 5)
  const asking = async (query: Partial<CodeQuery>): Promise<{ readonly all: number, readonly turns: number }> => {
    const watched = new Watched(Math.ceil(COUNT / 32), 0xffff_ffff)
    return watched.until(Promise.resolve(store.search({ code: new Uint8Array(8), k: 10, accept: watched.set, ...query })))
  }
  const found = await asking({})
  const counted = await asking({ countOnly: true })
  t.true(found.turns > counted.turns, 'it takes too long for one turn')
  t.is(found.all - counted.all, COUNT / 5, 'each image of the nearest code is asked for once')
})

test('slices: of many searches that come in one turn, some are done in it', async t => {
  await using threads = Threads.open(0)
  await using store = await filled(threads, COUNT)
  const query = { code: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), k: 10, plan: 'scan' as const }
  const answers = Array.from({ length: 40 }, () => store.search(query))
  const later = answers.filter(answer => answer instanceof Promise).length
  t.true(later > 20 && later < 40, `${later} of 40 were left for later`)
  const found = (await Promise.all(answers)).map(({ groups }) => groups.map(({ ordinals }) => Array.from(ordinals)))
  for (const one of found) t.deepEqual(one, found[0])
  t.false(store.search(query) instanceof Promise, 'in a later turn one is done at once')
})

test('slices: what threads have found is put together in slices, and none of it for a count', async t => {
  await using threads = Threads.open(2)
  await using store = await filled(threads, COUNT)
  const counted = await store.search({ code: new Uint8Array(8), radius: 64, plan: 'scan', countOnly: true })
  t.deepEqual([counted.count, counted.groups.length], [COUNT, 0])
  const searching = Promise.resolve(store.search({ code: new Uint8Array(8), radius: 64, plan: 'scan' }))
  const turns = await turnsUntil(searching, () => {})
  const { groups, count } = await searching
  t.deepEqual([groups.length, count], [COUNT, COUNT])
  t.true(turns >= 3 * COUNT / SLOTS_A_SLICE, `${turns} turns`)
})
