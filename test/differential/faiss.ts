import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blocksOf, codesOf, type Distribution } from '../../bench/distributions.js'
import type { Faiss } from '../../bench/rivals/faiss.js'
import { HotCodeStore } from '../../index-server/store/hot-tier/hot-code-store.js'
import { Threads } from '../../index-server/store/hot-tier/threads.js'

/** Two searches that share nothing, ours and FAISS's IndexBinaryFlat, find the same distances, under every plan. @throws AssertionError where not. */
export async function sameAsFaiss (faiss: Faiss, distribution: Distribution, count: number, bits: number, queries: number): Promise<void> {
  const codes = codesOf(distribution, count, bits, queries)
  const folder = mkdtempSync(join(tmpdir(), 'hammingbird-faiss-'))
  try {
    writeFileSync(join(folder, 'codes'), codes.bytes)
    writeFileSync(join(folder, 'queries'), Buffer.concat(codes.queries))
    await faiss.codes(join(folder, 'codes'), join(folder, 'queries'), bits)
  } finally {
    rmSync(folder, { recursive: true })
  }
  await faiss.build('flat')
  await using threads = Threads.open(2)
  await using store = await HotCodeStore.open({ bits, threads }, blocksOf(codes))
  for (const asked of [{ k: 1 }, { k: 10 }, { k: 100 }, { radius: 2 }, { radius: bits / 8 }]) {
    const { distances } = await faiss.search({ index: 'flat', ...asked, queries, distances: true })
    for (const plan of [undefined, 'scan'] as const) {
      for (const [i, code] of codes.queries.entries()) {
        const { groups } = await store.search({ code, ...asked, ...plan && { plan } })
        const found = groups.flatMap(({ distance, ordinals }) => Array.from(ordinals, () => distance)).slice(0, asked.k)
        assert.deepEqual(found, distances![i], `${distribution}, ${count} codes of ${bits} bits, ${JSON.stringify(asked)}, ${plan ?? 'planned'}, query ${i}`)
      }
    }
  }
}
