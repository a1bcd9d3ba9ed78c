import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blocksOf, codesOf, type Distribution } from '../../bench/distributions.js'
import type { Faiss } from '../../bench/rivals/faiss.js'
import { readCodeFile, writeCodeFile } from '../../index-server/code-files.js'
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
    // Files go both ways: FAISS searches what we write, and we read what it writes.
    await writeCodeFile(join(folder, 'ours'), 'faiss', bits, (async function * () { for (const block of blocksOf(codes)) yield block.codes })())
    assert.deepEqual(await faiss.read('flat', join(folder, 'ours')), { codes: count })
    await faiss.write('flat', join(folder, 'theirs'))
    for (const file of ['theirs', 'theirs.with-ids']) {
      const read = await readCodeFile(join(folder, file))
      assert.deepEqual([read.bits, read.count, Buffer.compare(read.codes, codes.bytes)], [bits, count, 0], file)
    }
    assert.ok(readFileSync(join(folder, 'ours')).equals(readFileSync(join(folder, 'theirs'))), 'the same file, byte for byte')
  } finally {
    rmSync(folder, { recursive: true })
  }
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
