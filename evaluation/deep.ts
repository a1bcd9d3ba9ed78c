import { normaliser } from '../encoder/pixels.js'
import { buildNetwork } from '../encoder/networks/networks.js'
import type { Manifest } from '../registry/manifest.js'
import { pictureSource } from '../trainer/batches.js'
import { encodeSet, type SetEncoding } from '../trainer/encode-set.js'
import { mostLabels } from '../trainer/labels.js'
import type { Recipe } from '../trainer/recipes/recipe.js'
import { train, type TrainingJob } from '../trainer/train.js'
import { whitening } from '../trainer/whitening.js'
import { asChosen, assertServable, networkOf, planOf, wrongChoice } from './chosen.js'
import { costOf, type Cost } from './cost.js'
import type { Division } from './protocols/protocol.js'
import { trainedModel, type Start, type TrainedModel } from './saved.js'

/** What may be chosen of a run; what is not comes from the recipe. */
export interface DeepChoices {
  readonly bits: number
  readonly seed: number
  readonly network?: string
  /** Of the network and its head, over the recipe's. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Of the recipe. */
  readonly recipe: Readonly<Record<string, unknown>>
  readonly epochs?: number
  readonly batchSize?: number
  readonly rate?: number
  readonly decay?: number
  /** Augmentation: pixels a picture is moved by, and the side of what is painted over. */
  readonly shift: number
  readonly cutout: number
}

export interface DeepRun extends Cost {
  readonly queries: SetEncoding
  readonly database: SetEncoding
  /** All that was chosen, the recipe's part included. */
  readonly chosen: Readonly<Record<string, unknown>>
  readonly cpuMs: number
  readonly wallMs: number
  readonly loss: number
  /** Where it was asked for. */
  readonly model?: TrainedModel
}

/** Of CIFAR-10's training images, RGB in [0, 1]. */
const MEAN = [0.4914, 0.4822, 0.4465] as const
const DEVIATION = [0.247, 0.2435, 0.2616] as const

/**
 * Trains a recipe on a division and encodes its database and queries. Needs an open backend that trains.
 *
 * @throws HammingbirdError `HAMMINGBIRD_INVALID`, before it trains, for choices that cannot be; else as `train`.
 */
export async function runDeep (recipe: Recipe, division: Division, choices: DeepChoices, options: Pick<TrainingJob, 'onTakenUp' | 'onProgress' | 'signal'> & {
  readonly checkpoint?: { readonly directory: string, readonly everyMs: number }
  /** Whether the model itself is wanted, to be saved. @default false */
  readonly model?: boolean
  /** What the network begins with. It then sees pictures whole all along. @default nothing */
  readonly start?: Start
} = {}): Promise<DeepRun> {
  const { bits, seed, shift, cutout } = choices
  const { train: pictures, database, queries } = division
  const { labels, width, height } = pictures
  const plan = planOf(recipe, { bits, classes: labels.classes, exclusive: mostLabels(labels) <= 1, seed }, choices.recipe)
  if (options.model === true) assertServable(plan, recipe)
  const encoded: Pick<Manifest, 'network' | 'settings' | 'bits' | 'detail' | 'input' | 'normalisation'> = {
    ...networkOf(plan, choices),
    input: { width, height, fit: 'squash' },
    normalisation: { channels: 'rgb', scale: 1 / 255, mean: MEAN, std: DEVIATION }
  }
  const network = asChosen(() => buildNetwork(encoded))
  const normalise = normaliser(encoded)
  const { schedule, rateOf, side, ...training } = plan.training
  const set = {
    ...training,
    ...choices.epochs !== undefined && { epochs: choices.epochs },
    ...choices.batchSize !== undefined && { batchSize: choices.batchSize },
    ...choices.rate !== undefined && { rate: choices.rate },
    ...choices.decay !== undefined && { decay: choices.decay }
  }
  const { start } = options
  const chosen = { network: encoded.network, settings: encoded.settings, ...choices.recipe, ...set, shift, cutout, ...start && { start: start.from } }
  const trained = await train({
    network,
    source: pictureSource(pictures, normalise, { shift, cutout }),
    objective: plan.objective,
    options: { ...set, schedule, ...rateOf && { rateOf }, ...side && start === undefined && { side }, seed },
    ...start ? { start: start.weights } : encoded.network === 'small-cnn' && { start: whitening(pictures, normalise) },
    ...options.checkpoint && { checkpoint: { ...options.checkpoint, key: JSON.stringify([recipe.name, bits, seed, pictures.count, chosen]) } },
    ...options.onTakenUp && { onTakenUp: options.onTakenUp },
    ...options.onProgress && { onProgress: options.onProgress },
    ...options.signal && { signal: options.signal }
  }).catch(err => { throw start === undefined ? err : wrongChoice(err, `: --start begins with ${start.network}`) })
  const { variables, wallMs, loss } = trained
  const cpuMs = trained.cpuMs + (start?.cpuMs ?? 0)
  try {
    const cost = await costOf(network, variables, [height, width, 3])
    const provenance = { recipe: recipe.name, trainedOn: `${pictures.count} pictures`, seed: String(seed), cpuMinutes: String(cpuMs / 6e4), chosen: JSON.stringify({ ...choices.recipe, epochs: set.epochs }) }
    const encode = async (set: Division['train']): Promise<SetEncoding> => {
      const { outputs, features } = await encodeSet(network, variables, set, bits, normalise)
      return { outputs: plan.reads?.(outputs) ?? outputs, features }
    }
    const kept = await encode(database)
    const model = options.model === true && { model: await trainedModel({ ...encoded, version: 'v1', createdMs: Date.now(), provenance }, variables, pictures) }
    return { queries: await encode(queries), database: kept, chosen, ...cost, cpuMs, wallMs, loss, ...model }
  } finally {
    variables.dispose()
  }
}
