import type { FeatureSession } from '../encoder/features.js'
import { tf } from '../encoder/tf.js'
import type { Features } from '../trainer/baselines/features.js'
import { featureSource } from '../trainer/batches.js'
import { frozenFeatures, headNetwork, scaled, scaleOf } from '../trainer/frozen.js'
import { mostLabels } from '../trainer/labels.js'
import type { Recipe } from '../trainer/recipes/recipe.js'
import { cosine } from '../trainer/schedule.js'
import { train, type TrainingJob } from '../trainer/train.js'
import { asChosen, planOf } from './chosen.js'
import { costOf } from './cost.js'
import type { DeepChoices, DeepRun } from './deep.js'
import type { Division } from './protocols/protocol.js'

/** Features of a division by one network, on the scale of its training part. */
export interface FrozenDivision {
  readonly train: Features
  readonly database: Features
  readonly queries: Features
}

/** Computes each picture's features once, also where the training part is the database. */
export async function frozenDivision (session: FeatureSession, { train, database, queries }: Division, input: { readonly width: number, readonly height: number }, onDone?: (what: string, done: number, of: number) => void): Promise<FrozenDivision> {
  const features = (what: string, set: Division['train']): Promise<Features> => frozenFeatures(session, set, input, done => onDone?.(what, done, set.count))
  const learned = await features('train', train)
  const scale = scaleOf(learned)
  return {
    train: scaled(learned, scale),
    database: train === database ? scaled(learned, scale) : scaled(await features('database', database), scale),
    queries: scaled(await features('queries', queries), scale)
  }
}

/** What two networks saw of the same division, the dimensions of one behind those of the other. */
export function sideBySide (a: FrozenDivision, b: FrozenDivision): FrozenDivision {
  const train = joined(a.train, b.train)
  return {
    train,
    database: a.database === a.train && b.database === b.train ? train : joined(a.database, b.database),
    queries: joined(a.queries, b.queries)
  }
}

function joined (a: Features, b: Features): Features {
  const dims = a.dims + b.dims
  const values = new Float32Array(a.count * dims)
  for (let i = 0; i < a.count; i++) {
    for (let d = 0; d < a.dims; d++) values[i * dims + d] = a.values[i * a.dims + d]!
    for (let d = 0; d < b.dims; d++) values[i * dims + a.dims + d] = b.values[i * b.dims + d]!
  }
  return { count: a.count, dims, values }
}

/** Trains the objective of a recipe with a head over frozen features, and encodes the division. The recipe's network is not used. */
export async function runFrozen (recipe: Recipe, { train: pictures }: Division, features: FrozenDivision, choices: DeepChoices & { readonly drop?: number }, options: Pick<TrainingJob, 'onProgress' | 'signal'> = {}): Promise<DeepRun> {
  const { bits, seed } = choices
  const plan = planOf(recipe, { bits, classes: pictures.labels.classes, exclusive: mostLabels(pictures.labels) <= 1, seed }, choices.recipe)
  const set = { epochs: choices.epochs ?? 60, batchSize: choices.batchSize ?? 128, rate: choices.rate ?? 0.05, momentum: 0.9, decay: choices.decay ?? 5e-4 }
  const { drop = 0 } = choices
  const network = asChosen(() => headNetwork(features.train.dims, bits, choices.settings))
  const { variables, cpuMs, wallMs, loss } = await train({
    network,
    source: featureSource(features.train, pictures.labels, drop),
    objective: plan.objective,
    options: { ...set, seed, schedule: cosine() },
    ...options
  })
  variables.training = false
  const readOf = plan.reads ?? (outputs => outputs)
  const encode = ({ count, dims, values }: Features): { outputs: Float32Array, features: Float32Array } => ({
    outputs: readOf(tf.tidy(() => network.head.outputs(tf.tensor2d(Float32Array.from(values), [count, dims]), variables).dataSync<'float32'>())),
    features: Float32Array.from(values)
  })
  try {
    const cost = await costOf(network, variables, [1, 1, features.train.dims])
    return { queries: encode(features.queries), database: encode(features.database), chosen: { ...choices.recipe, ...set, drop, head: choices.settings }, ...cost, cpuMs, wallMs, loss }
  } finally {
    variables.dispose()
  }
}
