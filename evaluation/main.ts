import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { openBackend } from '../encoder/tf.js'
import { HammingbirdError } from '../errors.js'
import { progressLine } from '../trainer/progress.js'
import { recipeOf, recipes } from '../trainer/recipes/recipes.js'
import { codesOfOutputs } from './code-set.js'
import { runDeep } from './deep.js'
import { protocolOf, protocols } from './protocols/protocols.js'
import { measured, type Effort } from './row.js'
import { pixelFeatures, shallow } from './shallow.js'

interface Options {
  readonly recipe: string
  readonly protocol: string
  readonly bits: number
  readonly seed: number
  readonly data: string
  readonly network?: string
  readonly set: Readonly<Record<string, unknown>>
  readonly net: Readonly<Record<string, unknown>>
  readonly epochs?: number
  readonly batch?: number
  readonly rate?: number
  readonly shift: number
  readonly cutout: number
  readonly checkpoint?: string
  readonly json?: string
}

const number = (text: string): number => {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('a number is wanted')
  return value
}

/** `key=value`, the value as JSON where it is any, gathered over repeats. */
const pair = (text: string, before: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('key=value is wanted')
  const value = text.slice(at + 1)
  try {
    return { ...before, [text.slice(0, at)]: JSON.parse(value) as unknown }
  } catch {
    return { ...before, [text.slice(0, at)]: value }
  }
}

const program = new Command('evaluate')
  .description('Trains a recipe, or fits a shallow baseline, and measures how its codes retrieve.')
  .requiredOption('--recipe <name>', `one of ${[...recipes.keys(), ...shallow.keys()].join(', ')}`)
  .requiredOption('--protocol <name>', `one of ${[...protocols.keys()].join(', ')}`)
  .option('--bits <n>', 'width of the codes', number, 64)
  .option('--seed <n>', 'of everything that is random', number, 1)
  .option('--data <directory>', 'the evaluation data', process.env['HAMMINGBIRD_EVALUATION_DATA'] ?? '../shared/data')
  .option('--network <name>', 'another network than the recipe\'s')
  .option('--set <key=value>', 'a choice of the recipe, more than once', pair, {})
  .option('--net <key=value>', 'a setting of the network, more than once', pair, {})
  .option('--epochs <n>', 'instead of the recipe\'s', number)
  .option('--batch <n>', 'instead of the recipe\'s', number)
  .option('--rate <n>', 'instead of the recipe\'s', number)
  .option('--shift <pixels>', 'how far pictures are moved at random', number, 2)
  .option('--cutout <pixels>', 'side of the square that is painted over at random', number, 0)
  .option('--checkpoint <directory>', 'where to leave checkpoints, and to go on from')
  .option('--json <file>', 'where to write the row')

/** The composition root of `npm run evaluate`. */
async function main (): Promise<void> {
  const { recipe, protocol, bits, seed, data, json, checkpoint, ...options } = program.parse().opts<Options>()
  const division = await protocolOf(protocol).load(resolve(data))
  const { train, queries, database } = division
  const run = { recipe, protocol, bits, seed }
  let effort: Effort
  let choices: Readonly<Record<string, unknown>>
  let outputs: { readonly queries: Float32Array, readonly database: Float32Array }
  const method = shallow.get(recipe)
  if (method !== undefined) {
    const [begun, cpu] = [performance.now(), process.cpuUsage()]
    const hash = method(pixelFeatures(train), train.labels, bits, seed)
    const { user, system } = process.cpuUsage(cpu)
    effort = { cpuMinutes: (user + system) / 6e7, wallMinutes: (performance.now() - begun) / 6e4, parameters: 0, backend: 'none' }
    choices = { features: 'pixels 8x8' }
    outputs = { queries: Float32Array.from(hash.outputs(pixelFeatures(queries))), database: Float32Array.from(hash.outputs(pixelFeatures(database))) }
  } else {
    const found = recipeOf(recipe)
    const backend = await openBackend()
    if (!backend.trains) throw new HammingbirdError('HAMMINGBIRD_BACKEND', `${backend.sentence}: to train, run: npm run setup:native`)
    const stop = new AbortController()
    process.once('SIGINT', () => { stop.abort(new Error('stopped')) })
    const deep = await runDeep(found, division, {
      bits, seed, shift: options.shift, cutout: options.cutout, settings: options.net, recipe: options.set,
      ...options.network !== undefined && { network: options.network },
      ...options.epochs !== undefined && { epochs: options.epochs },
      ...options.batch !== undefined && { batchSize: options.batch },
      ...options.rate !== undefined && { rate: options.rate }
    }, {
      signal: stop.signal,
      onProgress: progressLine(recipe, process.stderr),
      ...checkpoint !== undefined && { checkpoint: { directory: checkpoint, everyMs: 60_000 } }
    })
    effort = { cpuMinutes: deep.cpuMs / 6e4, wallMinutes: deep.wallMs / 6e4, parameters: deep.parameters, backend: backend.sentence }
    choices = deep.chosen
    outputs = { queries: deep.queries.outputs, database: deep.database.outputs }
  }

  const { row } = measured({ ...run, choices }, effort,
    { codes: codesOfOutputs(outputs.queries, bits), labels: queries.labels }, outputs.queries,
    { codes: codesOfOutputs(outputs.database, bits), labels: database.labels })
  if (json !== undefined) {
    await mkdir(dirname(resolve(json)), { recursive: true })
    await writeFile(json, `${JSON.stringify(row, undefined, 2)}\n`)
  }
  console.log([
    `${recipe}, ${bits} bits, protocol ${protocol}: ${protocolOf(protocol).about}`,
    `mAP ${row.mAP.toFixed(4)} ± ${row.standardError.toFixed(4)}, re-ranked ${row.reranked.toFixed(4)}, precision within 2 ${row.precisionWithin2.toFixed(4)}`,
    `NDCG@${row.at[0]!.k} ${row.at[0]!.ndcg.toFixed(4)}, distinct codes ${row.bitStatistics.distinct} of ${row.database}, entropy of a bit ${row.bitStatistics.entropy.toFixed(3)}`,
    `${row.cpuMinutes.toFixed(2)} CPU minutes, ${row.wallMinutes.toFixed(2)} minutes, ${row.parameters} parameters, ${row.backend}`
  ].join('\n'))
}

try {
  await main()
} catch (err) {
  console.error(err instanceof HammingbirdError || err instanceof RangeError ? err.message : err)
  process.exitCode = err instanceof HammingbirdError && err.code === 'HAMMINGBIRD_INVALID' ? 2 : 1
}
