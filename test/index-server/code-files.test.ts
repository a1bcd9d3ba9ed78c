import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { readCodeFile, writeCodeFile } from '../../index-server/code-files.js'
import { codeOf } from '../../errors.js'
import { tempDirectory } from '../fixtures/temp-directory.js'

/** As FAISS 1.15 writes three codes of 24 bits: an IndexBinaryFlat, and one with the ids 7, 8, 9. */
const FLAT = '49427846 18000000 03000000 0300000000000000 01 01000000 0900000000000000 000102030405060708'
const WITH_IDS = `49424d70 18000000 03000000 0300000000000000 01 01000000 ${FLAT} 0300000000000000 0700000000000000 0800000000000000 0900000000000000`

async function * runs (...bytes: number[][]): AsyncGenerator<Uint8Array> {
  for (const run of bytes) yield Uint8Array.from(run)
}

test('code files: what FAISS writes is read, what is written is what FAISS writes', async t => {
  const directory = tempDirectory(t)
  const file = join(directory, 'codes')
  t.is(await writeCodeFile(file, 'faiss', 24, runs([0, 1, 2], [3, 4, 5, 6, 7, 8])), 3)
  t.is(readFileSync(file, 'hex'), FLAT.replaceAll(' ', ''))
  for (const written of [FLAT, WITH_IDS]) {
    writeFileSync(file, Buffer.from(written.replaceAll(' ', ''), 'hex'))
    const { bits, count, codes } = await readCodeFile(file)
    t.deepEqual([bits, count, [...codes]], [24, 3, [0, 1, 2, 3, 4, 5, 6, 7, 8]])
  }
})

test('code files: a plain file is the codes, and needs to be told their width', async t => {
  const file = join(tempDirectory(t), 'codes')
  t.is(await writeCodeFile(file, 'plain', 16, runs([1, 2], [3, 4])), 2)
  t.deepEqual([...readFileSync(file)], [1, 2, 3, 4])
  t.is((await readCodeFile(file, 16)).count, 2)
  t.is(codeOf(await t.throwsAsync(readCodeFile(file))), 'HAMMINGBIRD_INVALID')
  t.is(codeOf(await t.throwsAsync(readCodeFile(file, 24))), 'HAMMINGBIRD_FORMAT')
})

test('code files: none, and what is damaged', async t => {
  const file = join(tempDirectory(t), 'codes')
  t.is(await writeCodeFile(file, 'faiss', 64, runs()), 0)
  t.is((await readCodeFile(file)).count, 0)
  const whole = Buffer.from(FLAT.replaceAll(' ', ''), 'hex')
  for (const wrong of [whole.subarray(0, 20), whole.subarray(0, -1), Buffer.concat([whole.subarray(0, 4), Buffer.from([32]), whole.subarray(5)])]) {
    writeFileSync(file, wrong)
    t.is(codeOf(await t.throwsAsync(readCodeFile(file))), 'HAMMINGBIRD_FORMAT')
  }
})
