import test from 'ava'
import { codesOfOutputs } from '../../evaluation/code-set.js'
import { runDeep } from '../../evaluation/deep.js'
import { measured } from '../../evaluation/row.js'
import { pixelFeatures, shallow } from '../../evaluation/shallow.js'
import { HammingbirdError } from '../../errors.js'
import { drawn } from '../../trainer/datasets/drawn.js'
import { onlyTheLargest } from '../../trainer/recipes/classifier.js'
import { recipeOf, recipes } from '../../trainer/recipes/recipes.js'
import { openTraining } from '../encoder/numeric.js'

const BITS = 16
const backend = await openTraining()
const [database, queries] = [drawn(200, 1, 16), drawn(30, 2, 16)]
const division = { train: database, database, queries }
const choices = { bits: BITS, seed: 1, settings: { width: 8 }, recipe: {}, shift: 1, cutout: 0 }
const run = { recipe: 'x', protocol: 'drawn', bits: BITS, seed: 1, choices: {} }
const effort = { cpuMinutes: 1, wallMinutes: 1, parameters: 1, multiplyAdds: 1, backend: 'none' }

test('deep: a recipe trains on pictures, and what it learned retrieves better than what it began with', async t => {
  if (backend.name === 'javascript') {
    t.log('not run: native TensorFlow is not set up (npm run setup:native)')
    return t.pass()
  }
  const mAP = async (epochs: number): Promise<number> => {
    const { queries: asked, database: kept, loss, cpuMs, parameters, chosen } = await runDeep(recipeOf('interrelated'), division, { ...choices, epochs, batchSize: 20 })
    t.true(Number.isFinite(loss) && cpuMs > 0 && parameters > 1000)
    t.is(chosen['network'], 'small-cnn')
    const { row } = measured(run, effort, { codes: codesOfOutputs(asked.outputs, BITS), labels: queries.labels }, asked.outputs, { codes: codesOfOutputs(kept.outputs, BITS), labels: database.labels })
    t.is(row.database, 200)
    return row.mAP
  }
  const [before, after] = [await mAP(0.2), await mAP(15)]
  t.true(after > before + 0.05, `${before} → ${after}`)
})

test('deep: a choice that no recipe knows, and a recipe that is not there, are refused', async t => {
  await t.throwsAsync(runDeep(recipeOf('csq'), division, { ...choices, recipe: { colour: 'red' } }), { instanceOf: HammingbirdError, message: /colour/ })
  t.throws(() => recipeOf('magic'), { instanceOf: HammingbirdError, code: 'HAMMINGBIRD_INVALID' })
  t.is(recipes.size, 11)
})

test('classifier: the bit of the largest class is set, no other; several labels an item are refused', async t => {
  t.deepEqual([...onlyTheLargest(Float32Array.of(0.1, 0.3, 9, -5, -3, 9), 3, 2)], [-1, 1, -1, -1, 1, -1])
  await t.throwsAsync(runDeep(recipeOf('classifier'), division, choices), { instanceOf: HammingbirdError, message: /one label an item/ })
})

test('shallow: every baseline runs on pictures', t => {
  for (const [name, fit] of shallow) {
    const hash = fit(pixelFeatures(database), database.labels, BITS, 1)
    const outputs = hash.outputs(pixelFeatures(queries))
    t.is(outputs.length, 30 * BITS, name)
    t.true(outputs.every(Number.isFinite), name)
  }
})

test('pixel features: every number is the mean of its block', t => {
  const { dims, values } = pixelFeatures(queries, 4)
  t.is(dims, 48)
  for (const c of [0, 1, 2]) {
    let sum = 0
    for (let y = 4; y < 8; y++) for (let x = 8; x < 12; x++) sum += queries.pixels[3 * ((16 + y) * 16 + x) + c]! / 255
    t.true(Math.abs(values[48 + 3 * (1 * 4 + 2) + c]! - sum / 16) < 1e-9, 'the second picture, second row, third column')
  }
})
