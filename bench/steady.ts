import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { CodeQuery } from '../index-server/store/code-store.js'
import { HotCodeStore } from '../index-server/store/hot-tier/hot-code-store.js'
import { Threads } from '../index-server/store/hot-tier/threads.js'
import { blocksOf, codesOf, randomFrom } from './distributions.js'
import type { Question } from './question.js'
import { beginSetting, printTable, writeJson } from './report.js'

/** Of a rebuild: so many codes come, and as many go. */
const CHANGED = 500
/** Searches in hand at once, while the event loop is watched. */
const IN_HAND = 16
const MIB = 2 ** 20

/** Two things that only time shows: whether memory stays what it is over many rebuilds, and how long the event loop is held by searches that are long. */
export const question: Question = {
  asks: 'memory over many rebuilds, and how long searches hold the event loop: --rebuilds 1000 --rebuilt 1e5 --codes 1e6 --seconds 5 --json FILE',
  async run (args) {
    const { values } = parseArgs({
      args,
      options: { rebuilds: { type: 'string', default: '1000' }, rebuilt: { type: 'string', default: '1e5' }, codes: { type: 'string', default: '1e6' }, seconds: { type: 'string', default: '5' }, json: { type: 'string' } }
    })
    const ended = beginSetting()
    const memory = await rebuilds(Number(values.rebuilds), Number(values.rebuilt))
    const held = await eventLoop(Number(values.codes), Number(values.seconds))
    printTable(['searches, 16 at a time', 'answered', 'held ms, p50', 'p99', 'most'], held.map(row => [row.searches, row.answered, row.heldMs.p50.toFixed(1), row.heldMs.p99.toFixed(1), row.heldMs.most.toFixed(1)]))
    printTable(['rebuilds', 'resident MiB', 'held by the store, MiB'], memory.map(row => [row.rebuilds, row.residentMiB, row.heldMiB]))
    const setting = ended({})
    if (values.json !== undefined) writeJson(values.json, { question: 'steady', ...setting, codesRebuilt: Number(values.rebuilt), codesSearched: Number(values.codes), rows: [...held, ...memory] })
  }
}

/** Long searches of each kind, while codes come, go and are merged. */
async function eventLoop (count: number, seconds: number) {
  const codes = codesOf('uniform', count, 64, 64)
  await using threads = Threads.open(1)
  await using store = await HotCodeStore.open({ bits: 64, threads }, blocksOf(codes))
  const kinds: readonly (readonly [name: string, query: Omit<CodeQuery, 'code'>])[] = [
    ['none, codes come and go', { k: 10 }],
    ['scans', { k: 10, plan: 'scan' }],
    ['probes past what is quick', { k: 100 }],
    ['scans with a filter', { k: 10, plan: 'scan', accept: { bitmap: new Uint32Array(new SharedArrayBuffer(count >> 2)).fill(0x49249249) } }],
    ['counts of half of all', { radius: 32, plan: 'scan', countOnly: true }]
  ]
  let next = count
  const rows = []
  for (const [name, query] of kinds) {
    const delay = monitorEventLoopDelay({ resolution: 1 })
    let answered = 0
    const over = new AbortController()
    const work = async (): Promise<void> => {
      for (let i = 0; !over.signal.aborted; i++) {
        await store.search({ ...query, code: codes.queries[i % codes.queries.length]! })
        answered++
        await setImmediate() // as between two requests
      }
    }
    const come = async (): Promise<void> => {
      while (!over.signal.aborted) {
        store.apply(Array.from({ length: 100 }, (_, i) => ({ kind: 'add', ordinal: next++, code: codes.bytes.slice(i * 8, i * 8 + 8) })))
        await new Promise(resolve => setTimeout(resolve, 10))
      }
    }
    delay.enable()
    setTimeout(() => { over.abort() }, seconds * 1000)
    await Promise.all([come(), ...name.startsWith('none') ? [] : Array.from({ length: IN_HAND }, work)])
    delay.disable()
    // The timer that watches comes a millisecond late by itself.
    rows.push({ searches: name, answered, heldMs: { p50: delay.percentile(50) / 1e6 - 1, p99: delay.percentile(99) / 1e6 - 1, most: delay.max / 1e6 - 1 } })
  }
  return rows
}

async function rebuilds (times: number, count: number) {
  const codes = codesOf('clustered', count, 64, 1)
  const random = randomFrom(7)
  await using threads = Threads.open(1)
  let nowMs = 0
  await using store = await HotCodeStore.open({ bits: 64, threads, snapshotMs: 0, now: () => nowMs++ }, blocksOf(codes))
  const living = Array.from({ length: count }, (_, ordinal) => ({ ordinal, code: codes.bytes.slice(ordinal * 8, ordinal * 8 + 8) }))
  const rows: { readonly rebuilds: number, readonly residentMiB: number, readonly heldMiB: number }[] = []
  const note = (rebuilt: number): void => {
    rows.push({ rebuilds: rebuilt, residentMiB: Math.round(process.memoryUsage.rss() / MIB), heldMiB: Math.round(store.heldBytes / MIB) })
  }
  for (let rebuild = 0; rebuild < times; rebuild++) {
    if (rebuild % Math.ceil(times / 10) === 0) note(rebuild)
    const changes = Array.from({ length: CHANGED }, (_, i) => {
      const at = Math.floor(random() * count)
      const gone = living[at]!
      const come = { ordinal: count + rebuild * CHANGED + i, code: Uint8Array.from({ length: 8 }, () => random() * 256) }
      living[at] = come
      return [{ kind: 'remove' as const, ...gone }, { kind: 'add' as const, ...come }]
    })
    store.apply(changes.flat())
    await store.compact()
    await store.search({ code: codes.queries[0]!, k: 10 })
  }
  note(times)
  return rows
}
