import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { runDeep } from '../../evaluation/deep.js'
import { frozenDivision, runFrozen, sideBySide } from '../../evaluation/frozen.js'
import { openPretrained } from '../../evaluation/pretrained.js'
import type { Row } from '../../evaluation/row.js'
import { costOfModel } from '../../evaluation/cost.js'
import { openSaved, saveModel, startOfSaved } from '../../evaluation/saved.js'
import { codesOfOutputs } from '../../evaluation/code-set.js'
import { measured } from '../../evaluation/row.js'
import { writeSafetensors, type NamedTensor } from '../../encoder/safetensors.js'
import { HammingbirdError } from '../../errors.js'
import { drawn } from '../../trainer/datasets/drawn.js'
import { labelMatrix } from '../../trainer/labels.js'
import { Random } from '../../trainer/random.js'
import { recipeOf } from '../../trainer/recipes/recipes.js'
import { openTraining } from '../encoder/numeric.js'
import { evaluationData, missing } from '../fixtures/evaluation-data.js'

const BITS = 16
const backend = await openTraining()

async function directory (t: ExecutionContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'hammingbird-evaluation-'))
  t.teardown(() => rm(made, { recursive: true }))
  return made
}

const evaluate = (...args: string[]) => promisify(execFile)(process.execPath, ['dist/evaluation/main.js', ...args])

test('evaluate: measures any codes with labels, and says what is wrong with others', async t => {
  const at = await directory(t)
  const random = new Random(1)
  const file = async (name: string, n: number, over: Record<string, NamedTensor> = {}): Promise<string> => {
    const { labels } = drawn(n, 1, 4)
    await writeFile(join(at, name), writeSafetensors(new Map<string, NamedTensor>(Object.entries({
      codes: { shape: [n, 2], data: Uint8Array.from({ length: 2 * n }, () => random.below(256)) },
      labels: { shape: [n, 12], data: Uint8Array.from(labelMatrix(labels)) },
      ...over
    }))))
    return join(at, name)
  }
  const [queries, database, wrong] = [await file('q', 10), await file('d', 50), await file('w', 10, { labels: { shape: [5, 2], data: new Uint8Array(10) } })]
  const json = join(at, 'row.json')
  const perQuery = join(at, 'q.json')
  const { stdout } = await evaluate('--queries', queries, '--database', database, '--json', json, '--per-query', perQuery)
  const row = JSON.parse(await readFile(json, 'utf8')) as Row
  t.deepEqual([row.protocol, row.bits, row.queries, row.database], ['files', 16, 10, 50])
  t.true(stdout.includes(`mAP ${row.mAP.toFixed(4)}`))
  const compared = await promisify(execFile)(process.execPath, ['dist/evaluation/compare.js', '--a', perQuery, '--b', perQuery, '--ratio'])
  t.true(compared.stdout.startsWith('ap, b / a: 1.0000, 95 % from 1.0000 to 1.0000'))
  const refused = await t.throwsAsync(evaluate('--queries', wrong, '--database', database)) as Error & { code: number, stderr: string }
  t.is(refused.code, 2)
  t.regex(refused.stderr, /needs labels/)
})

test('saved: a trained model encodes as it did when it was trained', async t => {
  if (backend.name === 'javascript') {
    t.log('not run: native TensorFlow is not set up (npm run setup:native)')
    return t.pass()
  }
  const at = await directory(t)
  const [database, queries] = [drawn(60, 1), drawn(20, 2)]
  const trained = await runDeep(recipeOf('csq'), { train: database, database, queries }, { bits: BITS, seed: 1, settings: { width: 8 }, recipe: {}, shift: 1, cutout: 0, epochs: 1, batchSize: 20 }, { model: true })
  await saveModel(at, trained.model!)
  using saved = await openSaved(at)
  const outputs = await saved.encode(queries)
  const worst = outputs.reduce((most, value, i) => Math.max(most, Math.abs(value - trained.queries.outputs[i]!)), 0)
  t.true(worst < 1e-3, String(worst))
  t.is(saved.manifest.provenance['recipe'], 'csq')
  const { parameters, multiplyAdds } = trained
  t.deepEqual(await costOfModel(saved.manifest), { parameters, multiplyAdds })
  const start = await startOfSaved(at)
  t.false([...start.weights.keys()].some(name => name.startsWith('hash')))
  const on = await runDeep(recipeOf('dpsh'), { train: database, database, queries }, { bits: 16, seed: 1, settings: { width: 8 }, recipe: {}, shift: 1, cutout: 0, epochs: 1, batchSize: 20 }, { start })
  t.true(on.cpuMs > start.cpuMs && start.cpuMs > 0)
  t.regex(String(on.chosen['start']), /^csq, 60 pictures/)
  const wider = runDeep(recipeOf('dpsh'), { train: database, database, queries }, { bits: 16, seed: 1, settings: { width: 16 }, recipe: {}, shift: 1, cutout: 0, epochs: 1, batchSize: 20 }, { start })
  t.regex((await t.throwsAsync(wider, { instanceOf: HammingbirdError, code: 'HAMMINGBIRD_INVALID' })).message, /--start begins with --network small-cnn .*--net width=8/)
  await t.throwsAsync(openSaved(join(at, 'nowhere')), { instanceOf: HammingbirdError, code: 'HAMMINGBIRD_INVALID' })
})

test('frozen: what two networks saw stands side by side, picture by picture', t => {
  const of = (dims: number, ...values: number[]) => ({ count: values.length / dims, dims, values: Float32Array.from(values) })
  const [one, other] = [of(2, 1, 2, 3, 4), of(1, 5, 6)]
  const both = sideBySide({ train: one, database: one, queries: one }, { train: other, database: other, queries: other })
  t.deepEqual([...both.queries.values], [1, 2, 5, 3, 4, 6])
  t.is(both.train.dims, 3)
  t.is(both.database, both.train)
})

test('frozen: a hash layer over a pretrained network\'s features beats the same layer before it has learned', async t => {
  if (missing(t, 'weights/mobilenet_v2_0.35_224_tm')) return
  if (backend.name === 'javascript') {
    t.log('not run: native TensorFlow is not set up (npm run setup:native)')
    return t.pass()
  }
  const [database, queries] = [drawn(240, 1), drawn(30, 2)]
  const division = { train: database, database, queries }
  const input = { width: 64, height: 64 }
  using session = await openPretrained('mobilenet_v2_0.35_224_tm', evaluationData, input)
  const features = await frozenDivision(session, division, input)
  t.is(features.train.dims, 1280)
  const mAP = async (epochs: number): Promise<number> => {
    const found = await runFrozen(recipeOf('multilabel-residual'), division, features, { bits: BITS, seed: 1, settings: {}, recipe: {}, shift: 0, cutout: 0, epochs, batchSize: 60 })
    return measured({ recipe: 'x', protocol: 'drawn', bits: BITS, seed: 1, choices: {} }, { cpuMinutes: 0, wallMinutes: 0, parameters: 0, multiplyAdds: 0, backend: '' },
      { codes: codesOfOutputs(found.queries.outputs, BITS), labels: queries.labels }, undefined, { codes: codesOfOutputs(found.database.outputs, BITS), labels: database.labels }).row.mAP
  }
  const [before, after] = [await mAP(0.3), await mAP(25)]
  t.true(after > before + 0.02, `${before} → ${after}`)
  await t.throwsAsync(openPretrained('resnet20_cifar10', evaluationData, input), { instanceOf: HammingbirdError, code: 'HAMMINGBIRD_INVALID' })
})
