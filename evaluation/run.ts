import { join, resolve } from 'node:path'
import { openBackend, type Backend } from '../encoder/tf.js'
import { HammingbirdError } from '../errors.js'
import type { Manifest } from '../registry/manifest.js'
import { progressLine } from '../trainer/progress.js'
import { recipeOf } from '../trainer/recipes/recipes.js'
import { readCodeFile } from './code-file.js'
import { codesOfOutputs } from './code-set.js'
import { costOfModel } from './cost.js'
import { runDeep, type DeepChoices } from './deep.js'
import { frozenDivision, runFrozen, sideBySide, type FrozenDivision } from './frozen.js'
import { readFeatures, writeFeatures } from './feature-file.js'
import type { Options } from './options.js'
import { openPretrained } from './pretrained.js'
import type { Division } from './protocols/protocol.js'
import { protocolOf } from './protocols/protocols.js'
import { measured, type Effort, type Measured, type Run } from './row.js'
import { openSaved, originOf, startOfSaved, type TrainedModel } from './saved.js'
import { pixelFeatures, shallow } from './shallow.js'
import type { Way } from './ways.js'

/** Pixels a side for a pretrained network where nothing else is asked for. */
const PRETRAINED_SIDE = 128

/** What one way to get codes has to say. */
interface Outcome {
  readonly effort: Effort
  readonly choices: Readonly<Record<string, unknown>>
  /** Before the sign, [count, bits]. */
  readonly queries: Float32Array
  readonly database: Float32Array
  /** Where it is to be saved. */
  readonly model?: TrainedModel
}

/** Does what the options ask for; writes nothing but checkpoints. @throws HammingbirdError `HAMMINGBIRD_INVALID` where they cannot be. */
export async function runEvaluation (options: Options, way: Way, signal: AbortSignal): Promise<Measured & Pick<Outcome, 'model'>> {
  if (way === 'files') return measureFiles(options.queries!, options.database!, options.seed)
  const { model, recipe } = options
  const protocol = options.protocol!
  const division = await protocolOf(protocol).load(resolve(options.data), options.side ?? (options.pretrained === undefined ? undefined : PRETRAINED_SIDE))
  const saved = model === undefined ? undefined : await savedManifest(model)
  const bits = saved?.bits ?? options.bits
  const run: Run = { recipe: recipe ?? saved?.provenance['recipe'] ?? 'model', protocol, bits, seed: options.seed, choices: {} }
  const outcome = way === 'model' ? await ofModel(model!, division)
    : way === 'shallow' ? await ofShallow(recipe!, division, options)
      : await ofRecipe(recipe!, division, options, signal)
  const labelled = (outputs: Float32Array, { labels }: Division['train']) => ({ codes: codesOfOutputs(outputs, bits), labels })
  const found = measured({ ...run, choices: outcome.choices }, outcome.effort,
    labelled(outcome.queries, division.queries), outcome.queries, labelled(outcome.database, division.database))
  return { ...found, ...outcome.model && { model: outcome.model } }
}

async function measureFiles (queries: string, database: string, seed: number): Promise<Measured> {
  const [asked, kept] = [await readCodeFile(queries), await readCodeFile(database)]
  const run: Run = { recipe: 'codes', protocol: 'files', bits: kept.codes.bits, seed, choices: { queries, database } }
  return measured(run, { cpuMinutes: 0, wallMinutes: 0, parameters: 0, multiplyAdds: 0, backend: 'none' }, asked, asked.outputs, kept)
}

async function savedManifest (directory: string): Promise<Manifest> {
  using saved = await openSaved(directory)
  return saved.manifest
}

async function ofModel (directory: string, division: Division): Promise<Outcome> {
  using saved = await openSaved(directory)
  const { network, settings, provenance } = saved.manifest
  return {
    effort: { cpuMinutes: Number(provenance['cpuMinutes'] ?? 0), wallMinutes: 0, ...await costOfModel(saved.manifest), backend: saved.backend },
    choices: { network, settings, model: `saved: ${originOf(saved.manifest)}` },
    queries: await saved.encode(division.queries),
    database: await saved.encode(division.database)
  }
}

async function ofShallow (name: string, division: Division, options: Options): Promise<Outcome> {
  const seen: FrozenDivision = options.pretrained === undefined
    ? { train: pixelFeatures(division.train), database: pixelFeatures(division.database), queries: pixelFeatures(division.queries) }
    : await pretrainedFeatures(division, options)
  const [begunMs, cpu] = [performance.now(), process.cpuUsage()]
  const hash = shallow.get(name)!(seen.train, division.train.labels, options.bits, options.seed)
  const { user, system } = process.cpuUsage(cpu)
  return {
    effort: { cpuMinutes: (user + system) / 6e7, wallMinutes: (performance.now() - begunMs) / 6e4, parameters: 0, multiplyAdds: 0, backend: 'none' },
    choices: { features: options.pretrained ?? 'pixels 8x8' },
    queries: Float32Array.from(hash.outputs(seen.queries)),
    database: Float32Array.from(hash.outputs(seen.database))
  }
}

async function ofRecipe (name: string, division: Division, options: Options, signal: AbortSignal): Promise<Outcome> {
  const recipe = recipeOf(name)
  const backend = await training()
  const { bits, seed, shift, cutout, network, epochs, batch, rate, decay, drop, pretrained, checkpoint, save, start } = options
  const choices: DeepChoices = {
    bits, seed, shift, cutout, settings: options.net, recipe: options.set,
    ...network !== undefined && { network },
    ...epochs !== undefined && { epochs },
    ...batch !== undefined && { batchSize: batch },
    ...rate !== undefined && { rate },
    ...decay !== undefined && { decay }
  }
  const { cpuMs, wallMs, parameters, multiplyAdds, chosen, queries, database, model } = pretrained === undefined
    ? await runDeep(recipe, division, choices, {
      signal,
      onTakenUp: ({ step, steps }) => { process.stderr.write(`going on from step ${step} of ${steps}, which ${checkpoint!} has\n`) },
      onProgress: progressLine(name, process.stderr),
      model: save !== undefined,
      ...start !== undefined && { start: await startOfSaved(start) },
      ...checkpoint !== undefined && { checkpoint: { directory: checkpoint, everyMs: 60_000 } }
    })
    : await runFrozen(recipe, division, await pretrainedFeatures(division, options), { ...choices, ...drop !== undefined && { drop } }, { signal, onProgress: progressLine(name, process.stderr) })
  return {
    effort: { cpuMinutes: cpuMs / 6e4, wallMinutes: wallMs / 6e4, parameters, multiplyAdds, backend: backend.sentence },
    choices: { ...chosen, ...pretrained !== undefined && { pretrained, side: options.side ?? PRETRAINED_SIDE } },
    queries: queries.outputs,
    database: database.outputs,
    ...model && { model }
  }
}

/** Of each network that is named, side by side. */
async function pretrainedFeatures (division: Division, options: Options): Promise<FrozenDivision> {
  const seen: FrozenDivision[] = []
  for (const pretrained of options.pretrained!.split(',')) seen.push(await featuresOfOne(division, { ...options, pretrained }))
  const [first, ...others] = seen as [FrozenDivision, ...FrozenDivision[]]
  return others.reduce(sideBySide, first)
}

async function featuresOfOne (division: Division, options: Options): Promise<FrozenDivision> {
  const { pretrained, protocol, side = PRETRAINED_SIDE, keepFeatures } = options
  if (keepFeatures === undefined) return computedFeatures(division, options)
  const file = join(keepFeatures, `${protocol!}-${pretrained!}-${side}.safetensors`)
  const kept = await readFeatures(file)
  if (kept !== undefined) return kept
  const computed = await computedFeatures(division, options)
  await writeFeatures(file, computed)
  return computed
}

async function computedFeatures (division: Division, { pretrained, data, side = PRETRAINED_SIDE }: Options): Promise<FrozenDivision> {
  await training()
  const input = { width: side, height: side }
  using session = await openPretrained(pretrained!, resolve(data), input)
  const show = progressLine('features', process.stderr)
  const begunMs = performance.now()
  return await frozenDivision(session, division, input, (_, done, of) => {
    const perMs = done / (performance.now() - begunMs)
    show({ step: done, steps: of, epochs: 1, loss: NaN, picturesPerSecond: 1000 * perMs, leftMs: (of - done) / perMs })
  })
}

async function training (): Promise<Backend> {
  const backend = await openBackend()
  if (!backend.trains) throw new HammingbirdError('HAMMINGBIRD_BACKEND', `${backend.sentence}: to train, run: npm run setup:native`)
  return backend
}
