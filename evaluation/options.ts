import { InvalidArgumentError, Option } from 'commander'
import { networkNames } from '../encoder/networks/networks.js'
import { MAX_BITS, MIN_BITS } from '../hamming/code.js'
import { recipes } from '../trainer/recipes/recipes.js'
import { command } from './command.js'
import { keyValue } from './key-value-option.js'
import { pretrainedNames } from './pretrained.js'
import { protocols } from './protocols/protocols.js'
import { shallow } from './shallow.js'
import { wayOf, type Way } from './ways.js'

/** What the command line of `npm run evaluate` says. */
export interface Options {
  readonly recipe?: string
  readonly protocol?: string
  readonly model?: string
  readonly queries?: string
  readonly database?: string
  readonly bits: number
  readonly seed: number
  readonly data: string
  readonly network?: string
  readonly pretrained?: string
  readonly side?: number
  readonly keepFeatures?: string
  readonly set: Readonly<Record<string, unknown>>
  readonly net: Readonly<Record<string, unknown>>
  readonly epochs?: number
  readonly batch?: number
  readonly rate?: number
  readonly decay?: number
  readonly drop?: number
  readonly shift: number
  readonly cutout: number
  readonly start?: string
  readonly checkpoint?: string
  readonly save?: string
  readonly json?: string
  readonly perQuery?: string
}

/**
 * Reads the command line.
 *
 * @throws CommanderError, or HammingbirdError `HAMMINGBIRD_INVALID`, where it makes no sense.
 */
export function parseOptions (argv: readonly string[]): { readonly options: Options, readonly way: Way } {
  const parsed = command('evaluate')
    .description('Trains a recipe, fits a shallow baseline, or takes a model or codes as they are, and measures how the codes retrieve.')
    .addOption(new Option('--recipe <name>', 'what learns, or is fitted').choices([...recipes.keys(), ...shallow.keys()]))
    .addOption(new Option('--protocol <name>', 'who learns from what, and who searches what').choices([...protocols.keys()]))
    .option('--model <directory>', 'a saved model instead of a recipe')
    .option('--queries <file>', 'codes with labels, safetensors, instead of a protocol')
    .option('--database <file>', 'codes with labels, safetensors')
    .option('--bits <n>', `width of the codes, a multiple of 8 from ${MIN_BITS} to ${MAX_BITS}`, bits, 64)
    .option('--seed <n>', 'of everything that is random', whole(0), 1)
    .option('--data <directory>', 'the evaluation data; HAMMINGBIRD_EVALUATION_DATA sets it too', process.env['HAMMINGBIRD_EVALUATION_DATA'] ?? '../shared/data')
    .addOption(new Option('--network <name>', 'another network than the recipe\'s').choices(networkNames))
    .option('--pretrained <name>', `train a hash layer, or fit a baseline, on the features of one or more, separated by commas, of ${pretrainedNames.join(', ')}`, pretrained)
    .option('--side <pixels>', 'size that pictures are scaled to for a pretrained network', whole(8))
    .option('--keep-features <directory>', 'where to keep what the pretrained network saw, and to take it from')
    .option('--set <key=value>', 'a choice of the recipe, more than once', keyValue, {})
    .option('--net <key=value>', 'a setting of the network, more than once', keyValue, {})
    .option('--epochs <n>', 'instead of the recipe\'s, a fraction if need be', positive)
    .option('--batch <n>', 'instead of the recipe\'s', whole(1))
    .option('--rate <n>', 'instead of the recipe\'s', positive)
    .option('--decay <n>', 'weight decay, instead of the recipe\'s', notNegative)
    .option('--drop <share>', 'with --pretrained: share of the features that a hash layer learns without, drawn anew each time', share)
    .option('--shift <pixels>', 'how far pictures are moved at random', whole(0), 2)
    .option('--cutout <pixels>', 'side of the square that is painted over at random', whole(0), 0)
    .option('--start <directory>', 'a saved model whose network the recipe\'s begins with; its training counts in CPU minutes')
    .option('--checkpoint <directory>', 'where to leave checkpoints, and to go on from')
    .option('--save <directory>', 'where to write the model, as it would be published')
    .option('--json <file>', 'where to write the row')
    .option('--per-query <file>', 'where to write average precision and NDCG of every query, for npm run evaluate:compare')
    .parse(argv as string[])
  const options = parsed.opts<Options>()
  const given = (Object.keys(options) as (keyof Options)[]).filter(name => parsed.getOptionValueSource(name) === 'cli')
  return { options, way: wayOf(options, given) }
}

function whole (least: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < least || !Number.isSafeInteger(value)) throw new InvalidArgumentError(`It is a whole number from ${least} on.`)
    return value
  }
}

function positive (text: string): number {
  const value = Number(text)
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('It is a number above 0.')
  return value
}

function notNegative (text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && Number.isFinite(value))) throw new InvalidArgumentError('It is a number, 0 or above.')
  return value
}

function share (text: string): number {
  const value = notNegative(text)
  if (value >= 1) throw new InvalidArgumentError('It is a share: 0 or above, below 1.')
  return value
}

function bits (text: string): number {
  const value = Number(text)
  if (!(value >= MIN_BITS && value <= MAX_BITS && value % 8 === 0)) throw new InvalidArgumentError(`It is a multiple of 8 from ${MIN_BITS} to ${MAX_BITS}.`)
  return value
}

function pretrained (text: string): string {
  for (const name of text.split(',')) if (!pretrainedNames.includes(name)) throw new InvalidArgumentError(`There is no ${name}; there are ${pretrainedNames.join(', ')}.`)
  return text
}
