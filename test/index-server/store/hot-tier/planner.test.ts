import test from 'ava'
import type { Code } from '../../../../hamming/code.js'
import type { CodeBlock } from '../../../../index-server/store/hot-tier/hot-code-store.js'
import { HotCodeStore } from '../../../../index-server/store/hot-tier/hot-code-store.js'
import { COSTS, scanCostNs } from '../../../../index-server/store/hot-tier/planner.js'
import { Threads } from '../../../../index-server/store/hot-tier/threads.js'

const BITS = 64
const COUNT = 300_000
const threads = Threads.open(0)
test.after.always(() => threads.close())

let state = 7
function random (): number {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return state >>> 0
}

/** So many codes anywhere, but for the first ones, which `crowd` writes over: few enough that on average probing looks cheap. */
async function opened (crowded: number, crowd: (code: Code) => void): Promise<HotCodeStore> {
  const codes = new Uint32Array(COUNT * BITS / 32).map(random)
  const bytes = new Uint8Array(codes.buffer)
  for (let i = 0; i < crowded; i++) crowd(bytes.subarray(i * BITS / 8, (i + 1) * BITS / 8))
  const block: CodeBlock = { ordinals: Array.from({ length: COUNT }, (_, i) => i), codes: bytes }
  return HotCodeStore.open({ bits: BITS, threads, chunks: 4 }, [block])
}

test('planner: buckets much fuller than most are not gone through where a scan is cheaper', async t => {
  await using store = await opened(100_000, code => { code.fill(0, 2) }) // all in one bucket of each table but the first
  const { plan, candidates, count } = await store.search({ code: new Uint8Array(BITS / 8), radius: 3 })
  const scanned = await store.search({ code: new Uint8Array(BITS / 8), radius: 3, plan: 'scan' })
  t.true(store.estimate(3).probeMs < store.estimate(3).scanMs, 'on average probing is cheaper')
  t.is(plan, 'probe-then-scan')
  t.true((candidates - COUNT) * (COSTS.codeNs + COSTS.codeWordNs) <= scanCostNs(BITS, COUNT), 'and no more than a scan is lost')
  t.is(count, scanned.count)
})

test('planner: where very much is found, a scan finds the rest', async t => {
  await using store = await opened(30_000, code => {
    code.fill(0)
    for (let flips = 0; flips < 6; flips++) {
      const bit = random() % BITS
      code[bit >> 3]! |= 0x80 >> (bit & 7)
    }
  })
  const code = new Uint8Array(BITS / 8)
  const { plan, count } = await store.search({ code, radius: 7 })
  t.true(store.estimate(7).probeMs < store.estimate(7).scanMs, 'on average probing is cheaper')
  t.is(plan, 'probe-then-scan')
  t.is(count, (await store.search({ code, radius: 7, plan: 'scan' })).count)
  t.true(count >= 30_000)
  t.is((await store.search({ code, radius: 0 })).plan, 'probe')
})
