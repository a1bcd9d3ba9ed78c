import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import test from 'ava'
import { readFeatures, writeFeatures } from '../../evaluation/feature-file.js'
import { codesOfOutputs } from '../../evaluation/code-set.js'
import { measured } from '../../evaluation/row.js'
import { drawn } from '../../trainer/datasets/drawn.js'
import { Random } from '../../trainer/random.js'

test('report: a page with what was reached and what was not, a table a protocol, and plots that are pictures', async t => {
  const at = await mkdtemp(join(tmpdir(), 'hammingbird-report-'))
  t.teardown(() => rm(at, { recursive: true }))
  const random = new Random(1)
  const { labels } = drawn(20, 1, 4)
  const outputs = (): Float32Array => Float32Array.from({ length: 20 * 48 }, () => random.next() - 0.5)
  const [asked, kept] = [outputs(), outputs()]
  const effort = { cpuMinutes: 12, wallMinutes: 1, parameters: 1234, multiplyAdds: 5e6, backend: 'none' }
  const { row } = measured({ recipe: 'multitask', protocol: 'F', bits: 48, seed: 1, choices: { epochs: 3 } }, effort,
    { codes: codesOfOutputs(asked, 48), labels }, asked, { codes: codesOfOutputs(kept, 48), labels })
  await mkdir(join(at, 'other'))
  await writeFile(join(at, 'a.json'), JSON.stringify({ ...row, mAP: 0.95 }))
  await writeFile(join(at, 'b.json'), JSON.stringify({ ...row, recipe: 'interrelated', mAP: 0.5 }))
  await writeFile(join(at, 'c.json'), JSON.stringify({ of: 'x against y', metric: 'ndcg', compare: 'ratio', value: 1.05, lower: 1.01, upper: 1.09, queries: 299, seeds: 3 }))
  await promisify(execFile)(process.execPath, ['dist/evaluation/report/main.js', '--results', at])
  const page = await readFile(join(at, 'README.md'), 'utf8')
  t.regex(page, /\| ≥ 0\.94 \| 0\.9500 \| multitask 48 \(seed 1\) \|/)
  t.regex(page, /`interrelated`.*\| 0\.5000, \*\*not reached\*\* \|/)
  t.regex(page, /`code-similarity`.*\| not run \|/)
  const [legend, tables] = [page.indexOf('**re-ranked**'), page.indexOf('| what |')]
  t.true(legend > 0 && legend < tables && page.includes('- **protocol unseen**: CIFAR-10, unseen classes'))
  t.regex(page, /x against y \| ndcg, ratio \| 1\.0500 \| 1\.0100 to 1\.0900/)
  for (const name of ['F-map.svg', 'F-precision-recall.svg']) {
    t.true(page.includes(`plots/${name}`))
    t.regex(await readFile(join(at, 'plots', name), 'utf8'), /^<svg[\s\S]*multitask 48[\s\S]*<\/svg>\n$/)
  }
})

test('feature file: what is kept is what was computed, a database that was trained on once', async t => {
  const at = await mkdtemp(join(tmpdir(), 'hammingbird-features-'))
  t.teardown(() => rm(at, { recursive: true }))
  const features = (count: number) => ({ count, dims: 3, values: Float32Array.from({ length: 3 * count }, (_, i) => i / 7) })
  const [train, queries] = [features(5), features(2)]
  t.is(await readFeatures(join(at, 'none')), undefined)
  for (const database of [features(5), features(4)]) {
    const file = join(at, `${database.count}`)
    await writeFeatures(file, { train, database, queries })
    t.deepEqual(await readFeatures(file), { train, database, queries })
  }
})
