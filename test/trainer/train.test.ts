import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { codesOfOutputs } from '../../evaluation/code-set.js'
import { retrieval } from '../../evaluation/retrieval.js'
import { buildHead } from '../../encoder/networks/head.js'
import { Settings } from '../../encoder/networks/network.js'
import type { HashNetwork } from '../../encoder/networks/networks.js'
import { openBackend, tf } from '../../encoder/tf.js'
import { HammingbirdError } from '../../errors.js'
import type { Features } from '../../trainer/baselines/features.js'
import { featureSource } from '../../trainer/batches.js'
import { labelsOfClasses, type Labels } from '../../trainer/labels.js'
import type { Objective } from '../../trainer/objectives/objective.js'
import { Random } from '../../trainer/random.js'
import { recipes } from '../../trainer/recipes/recipes.js'
import { triangle } from '../../trainer/schedule.js'
import { train, type TrainingJob, type Trained } from '../../trainer/train.js'

const BITS = 16
const DIMS = 6
/** Of the two that regress distances; the others take the one of the recipes. */
const RATES = new Map([['dpsh', 0.02], ['dsh', 0.5]])

// One thread, sums in one order: what is the same must be the same to the last bit.
test.before(async () => { await openBackend({ only: 'javascript' }) })

/** Three rings among dimensions of noise: a line does not part them, a hidden layer does. */
function rings (count: number, seed: number): { features: Features, labels: Labels } {
  const random = new Random(seed)
  const classes = Array.from({ length: count }, () => random.below(3))
  const values = classes.flatMap(c => {
    const [angle, radius] = [2 * Math.PI * random.next(), 0.5 + c + 0.1 * random.normal()]
    return [radius * Math.cos(angle), radius * Math.sin(angle), ...Array.from({ length: DIMS - 2 }, () => 0.1 * random.normal())]
  })
  return { features: { count, dims: DIMS, values: Float64Array.from(values) }, labels: labelsOfClasses(classes, 3) }
}

/** No network of its own: features go to the head as they are. */
const network: HashNetwork = {
  backbone: { features: DIMS, stages: [{ name: 'features', run: x => tf.reshape(x, [x.shape[0]!, -1]) }] },
  head: buildHead(new Settings({ hidden: [32] }), BITS, 0)
}

function objectiveOf (name: string, choices: Record<string, unknown> = {}): Objective {
  return recipes.get(name)!.plan({ bits: BITS, classes: 3, exclusive: true, seed: 1 }, new Settings(choices)).objective
}

function job (over: Partial<TrainingJob> & { readonly epochs?: number, readonly seed?: number, readonly rate?: number } = {}): TrainingJob {
  const { features, labels } = rings(240, 1)
  const { epochs = 4, seed = 1, rate = 0.1, ...rest } = over
  return { network, source: featureSource(features, labels), objective: objectiveOf('csq'), options: { epochs, seed, rate, batchSize: 48, schedule: triangle() }, ...rest }
}

async function weights ({ variables }: Trained): Promise<Record<string, number[]>> {
  const read = Object.fromEntries([...await variables.read()].map(([name, { data }]) => [name, [...data]]))
  variables.dispose()
  return read
}

async function directory (t: ExecutionContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'hammingbird-train-'))
  t.teardown(() => rm(made, { recursive: true }))
  return made
}

test('features: a share is dropped, the others make up for it, and a seed decides which', t => {
  const { features, labels } = rings(240, 1)
  const items = Uint32Array.from({ length: labels.count }, (_, at) => at)
  const batch = (drop: number, seed: number): Float32Array => tf.tidy(() => featureSource(features, labels, drop).batch(items, new Random(seed)).dataSync<'float32'>())
  const [whole, dropped] = [batch(0, 1), batch(0.25, 1)]
  t.deepEqual([...whole], [...Float32Array.from(features.values)])
  t.deepEqual(dropped, batch(0.25, 1))
  t.notDeepEqual(dropped, batch(0.25, 2))
  const none = dropped.filter(value => value === 0).length / dropped.length
  t.true(none > 0.2 && none < 0.3, `${none}`)
  for (const [at, value] of dropped.entries()) if (value !== 0) t.true(Math.abs(value * 0.75 - whole[at]!) < 1e-5)
  t.throws(() => featureSource(features, labels, 1), { instanceOf: RangeError })
})

for (const name of recipes.keys()) {
  test.serial(`train: ${name} parts what was not parted before`, async t => {
    const queries = rings(60, 2)
    const database = rings(240, 1)
    const mAP = async (epochs: number): Promise<number> => {
      const { variables } = await train(job({ objective: objectiveOf(name), epochs, rate: RATES.get(name) ?? 0.1 }))
      const outputs = ({ features }: typeof queries): Float32Array => tf.tidy(() => network.head.outputs(tf.tensor2d(Float32Array.from(features.values), [features.count, DIMS]), variables).dataSync<'float32'>())
      const of = (set: typeof queries) => ({ codes: codesOfOutputs(outputs(set), BITS), labels: set.labels })
      const { mAP } = retrieval(of(queries), of(database))
      variables.dispose()
      return mAP.mean
    }
    const [before, after] = [await mAP(0.2), await mAP(60)]
    t.true(after > 0.6 && after > before + 0.2, `${before} → ${after}`)
  })
}

test.serial('train: the same seed gives the same weights, another seed others', async t => {
  const first = await weights(await train(job()))
  t.deepEqual(await weights(await train(job())), first)
  t.notDeepEqual(await weights(await train(job({ seed: 2 }))), first)
})

test.serial('train: a run that dies goes on from its checkpoint as if it had not', async t => {
  const whole = await weights(await train(job()))
  const checkpoint = { directory: await directory(t), key: 'run', everyMs: -1 }
  const objective = objectiveOf('csq')
  let calls = 0
  const dying: Objective = step => {
    if (++calls === 9) throw new Error('the lights went out')
    return objective(step)
  }
  await t.throwsAsync(train(job({ checkpoint, objective: dying })), { message: 'the lights went out' })
  const steps: number[] = []
  const resumed = await train(job({ checkpoint, onProgress: ({ step }) => steps.push(step) }))
  t.true(steps[0]! > 1 && steps[0]! < 10, `went on at ${steps[0]}`)
  t.deepEqual(await weights(resumed), whole)
  t.deepEqual(await weights(await train(job({ checkpoint }))), whole, 'one that is done is done')
})

test.serial('train: stops when it is told to, after a checkpoint', async t => {
  const checkpoint = { directory: await directory(t), key: 'run', everyMs: 1e9 }
  const stop = new AbortController()
  await t.throwsAsync(train(job({ checkpoint, signal: stop.signal, onProgress: ({ step }) => { if (step === 7) stop.abort(new Error('enough')) } })), { message: 'enough' })
  const steps: number[] = []
  const { variables } = await train(job({ checkpoint, onProgress: ({ step }) => steps.push(step) }))
  t.is(steps[0], 8)
  variables.dispose()
})

test.serial('train: the checkpoint of another run is refused', async t => {
  const at = await directory(t)
  const { variables } = await train(job({ epochs: 1, checkpoint: { directory: at, key: 'one', everyMs: 0 } }))
  variables.dispose()
  await t.throwsAsync(train(job({ checkpoint: { directory: at, key: 'two', everyMs: 0 } })), { instanceOf: HammingbirdError, code: 'HAMMINGBIRD_INVALID' })
})

test.serial('train: a loss that is no number ends it at once', async t => {
  const objective = objectiveOf('csq')
  const steps: number[] = []
  await t.throwsAsync(train(job({
    objective: step => step.step === 5 ? tf.mul(NaN, objective(step)) : objective(step),
    onProgress: ({ step }) => steps.push(step)
  })), { instanceOf: HammingbirdError, code: 'HAMMINGBIRD_TRAINING_DIVERGED', message: /step 6/ })
  t.is(steps.at(-1), 5)
})

test.serial('train: holds no more tensors after fifty steps than after one, and none when it has failed', async t => {
  const before = tf.memory().numTensors
  const held: number[] = []
  const { variables } = await train(job({ epochs: 10, onProgress: () => held.push(tf.memory().numTensors) }))
  t.is(held.length, 50)
  t.is(held.at(-1), held[0])
  variables.dispose()
  await t.throwsAsync(train(job({ objective: () => { throw new Error('no') } })))
  t.is(tf.memory().numTensors, before)
})

test.serial('train: nothing to do is refused', async t => {
  await t.throwsAsync(train(job({ epochs: 0 })), { instanceOf: RangeError })
})
