import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { HotCodeStore } from '../../../../index-server/store/hot-tier/hot-code-store.js'
import { Part } from '../../../../index-server/store/hot-tier/part.js'
import { Slab } from '../../../../index-server/store/hot-tier/slab.js'
import { Threads } from '../../../../index-server/store/hot-tier/threads.js'
import { randomFrom } from '../../../../bench/distributions.js'

const random = randomFrom(3)
const anyCode = (bits: number) => Uint8Array.from({ length: bits / 8 }, () => random() * 256)

test('hot tier: rebuilds use the same memory again', async t => {
  await using threads = Threads.open(0)
  let nowMs = 0
  await using store = await HotCodeStore.open({ bits: 64, threads, snapshotMs: 0, now: () => nowMs++ })
  const living: { ordinal: number, code: Uint8Array }[] = []
  let ordinal = 0
  let heldAfterSome = 0
  for (let rebuild = 0; rebuild < 60; rebuild++) {
    const coming = Array.from({ length: rebuild === 0 ? 1000 : 50 }, () => ({ ordinal: ordinal++, code: anyCode(64) }))
    const going = rebuild === 0 ? [] : living.splice(0, 50)
    living.push(...coming)
    store.apply([...coming.map(one => ({ kind: 'add' as const, ...one })), ...going.map(one => ({ kind: 'remove' as const, ...one }))])
    await store.compact()
    if (rebuild === 10) heldAfterSome = store.heldBytes
  }
  t.is(store.heldBytes, heldAfterSome)
  t.is(store.count, 1000)
  t.is((await store.search({ code: anyCode(64), radius: 64 })).groups.length, 1000)
})

test('hot tier: long searches, whole and in threads or slices, find the same while codes come, go and are merged', async t => {
  for (const searchers of [0, 2]) {
    await using threads = Threads.open(searchers)
    await using store = await HotCodeStore.open({ bits: 64, threads, tailCodes: 500 })
    let ordinal = 0
    const living: { ordinal: number, code: Uint8Array }[] = []
    const searching: Promise<unknown>[] = []
    for (let turn = 0; turn < 10; turn++) {
      const coming = Array.from({ length: 3000 }, () => ({ ordinal: ordinal++, code: anyCode(64) }))
      const going = turn === 0 ? [] : living.splice(0, 50)
      living.push(...coming)
      store.apply([...coming.map(one => ({ kind: 'add' as const, ...one })), ...going.map(one => ({ kind: 'remove' as const, ...one }))])
      const expected = living.map(one => one.ordinal).sort((a, b) => b - a).join()
      // Everything: far more than a context has room for, and more than is searched in the caller's turn.
      searching.push(Promise.resolve(store.search({ code: anyCode(64), radius: 64, plan: turn % 2 === 0 ? 'probe' : 'scan' })).then(({ groups }) => {
        t.true(groups.flatMap(group => Array.from(group.ordinals)).sort((a, b) => b - a).join() === expected)
      }))
      if (turn % 5 === 4) await Promise.all(searching.splice(0))
    }
    await Promise.all(searching)
  }
})

test('part: all that wait until nobody reads go on when the last has left', async t => {
  const part = new Part(Slab.create(64, 1))
  part.enter()
  part.enter()
  const waiting = [part.idle(), part.idle()]
  part.leave()
  part.leave()
  t.is((await Promise.all(waiting)).length, 2)
  await part.idle()
})

test('hot tier: a merge that fails loses nothing, and is tried again', async t => {
  const broken = Threads.open(0)
  const errors: unknown[] = []
  await using store = await HotCodeStore.open({ bits: 64, threads: broken, tailCodes: 10, onMergeError: err => errors.push(err) })
  await broken.close()
  for (let ordinal = 0; ordinal < 50; ordinal++) {
    store.apply([{ kind: 'add', ordinal, code: anyCode(64) }])
    await sleep(0)
  }
  t.true(errors.length > 0)
  const { groups } = await store.search({ code: anyCode(64), radius: 64 })
  t.deepEqual(groups.flatMap(group => Array.from(group.ordinals)).sort((a, b) => a - b), Array.from({ length: 50 }, (_, ordinal) => ordinal))
})

test('hot tier: refuses what comes after close', async t => {
  await using threads = Threads.open(0)
  const store = await HotCodeStore.open({ bits: 64, threads })
  await store.close()
  await store.close()
  t.throws(() => store.apply([]), { code: 'HAMMINGBIRD_NOT_OPEN' })
  await t.throwsAsync(async () => store.search({ code: anyCode(64), k: 1 }), { code: 'HAMMINGBIRD_NOT_OPEN' })
})

test('hot tier: a page asks for its snapshot for a minute, and then is told that it has expired', async t => {
  await using threads = Threads.open(0)
  let nowMs = 0
  await using store = await HotCodeStore.open({ bits: 16, threads, now: () => nowMs })
  const code = Uint8Array.of(7, 7)
  store.apply([{ kind: 'add', ordinal: 0, code }])
  const page = store.sequence
  store.apply([{ kind: 'remove', ordinal: 0, code }, { kind: 'add', ordinal: 1, code }])
  nowMs = 59_000
  await store.compact()
  t.deepEqual((await store.search({ code, k: 1, at: page })).groups.map(({ ordinals }) => Array.from(ordinals)), [[0]])
  t.deepEqual((await store.search({ code, k: 1 })).groups.map(({ ordinals }) => Array.from(ordinals)), [[1]])
  nowMs = 61_000
  await t.throwsAsync(async () => store.search({ code, k: 1, at: page }), { code: 'HAMMINGBIRD_PAGE_EXPIRED' })
})

test('hot tier: when no change comes for a while, all lies in one place', async t => {
  await using threads = Threads.open(0)
  await using store = await HotCodeStore.open({ bits: 64, threads })
  const code = anyCode(64)
  store.apply(Array.from({ length: 2000 }, (_, ordinal) => ({ kind: 'add', ordinal, code: ordinal === 0 ? code : anyCode(64) })))
  const plan = async (): Promise<string> => (await store.search({ code, radius: 0 })).plan
  t.is(await plan(), 'scan')
  while (await plan() !== 'probe') await sleep(50)
  t.is((await store.search({ code, radius: 64 })).count, 2000)
})

test('hot tier: a search that leaves the turn of its caller rejects when he has gone', async t => {
  await using threads = Threads.open(1)
  // So many words to compare that a scan is not begun in the caller's turn.
  await using store = await HotCodeStore.open({ bits: 1024, threads }, [{ ordinals: Array.from({ length: 50_000 }, (_, i) => i), codes: Uint8Array.from({ length: 50_000 * 128 }, () => random() * 256) }])
  const code = anyCode(1024)
  const reason = new Error('the caller has gone')
  t.is(await t.throwsAsync(async () => store.search({ code, k: 1, plan: 'scan', signal: AbortSignal.abort(reason) })), reason)
  const controller = new AbortController()
  const answer = store.search({ code, k: 1, plan: 'scan', signal: controller.signal })
  t.true(answer instanceof Promise)
  controller.abort(reason)
  t.is(await t.throwsAsync(async () => answer), reason)
})
