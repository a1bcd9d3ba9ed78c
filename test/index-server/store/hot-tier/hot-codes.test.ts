import test from 'ava'
import { HotCodeStore } from '../../../../index-server/store/hot-tier/hot-code-store.js'
import { hotCodes } from '../../../../index-server/store/hot-tier/hot-codes.js'
import { Threads } from '../../../../index-server/store/hot-tier/threads.js'

test('hotCodes: holds versions in memory while they fit, and leaves the others to the disk', async t => {
  await using threads = Threads.open(0)
  await using disk = await HotCodeStore.open({ bits: 64, threads })
  const ordinals = Uint32Array.from({ length: 1000 }, (_, i) => i * 2)
  const codes = Uint8Array.from({ length: 8000 }, (_, i) => i * 7)
  disk.apply(Array.from(ordinals, (ordinal, i) => ({ kind: 'add', ordinal, code: codes.subarray(i * 8, i * 8 + 8) })))
  const progress: number[] = []
  const open = hotCodes({ threads, memoryBytes: 500_000, onProgress: ({ loaded }) => progress.push(loaded) })
  const version = { collection: 'c', version: 'v', bits: 64, disk, load: async function * () { yield { ordinals, codes } } }

  const first = await open(version)
  t.not(first, disk)
  t.deepEqual(progress, [1000])
  t.is(first.count, 1000)
  const code = codes.slice(0, 8)
  const [inMemory, onDisk] = [await first.search({ code, k: 5 }), await disk.search({ code, k: 5 })].map(({ groups }) => groups.map(group => [group.distance, [...group.code], Array.from(group.ordinals).sort((a, b) => a - b)]))
  t.deepEqual(inMemory, onDisk)

  t.is(await open(version), disk)
  await first.close?.()
  const again = await open(version)
  t.not(again, disk, 'what was closed leaves its room')
  await again.close?.()
})
