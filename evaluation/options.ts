import { Command, InvalidArgumentError } from 'commander'
import { recipes } from '../trainer/recipes/recipes.js'
import { keyValue } from './key-value-option.js'
import { pretrainedNames } from './pretrained.js'
import { protocols } from './protocols/protocols.js'
import { shallow } from './shallow.js'

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
  readonly shift: number
  readonly cutout: number
  readonly start?: string
  readonly checkpoint?: string
  readonly save?: string
  readonly json?: string
  readonly perQuery?: string
}

/** Reads the command line; ends the process where it makes no sense, as commander does. */
export function parseOptions (argv: readonly string[]): Options {
  return new Command('evaluate')
    .description('Trains a recipe, fits a shallow baseline, or takes a model or codes as they are, and measures how the codes retrieve.')
    .option('--recipe <name>', `one of ${[...recipes.keys(), ...shallow.keys()].join(', ')}`)
    .option('--protocol <name>', `one of ${[...protocols.keys()].join(', ')}`)
    .option('--model <directory>', 'a saved model instead of a recipe')
    .option('--queries <file>', 'codes with labels, safetensors, instead of a protocol')
    .option('--database <file>', 'codes with labels, safetensors')
    .option('--bits <n>', 'width of the codes', number, 64)
    .option('--seed <n>', 'of everything that is random', number, 1)
    .option('--data <directory>', 'the evaluation data', process.env['HAMMINGBIRD_EVALUATION_DATA'] ?? '../shared/data')
    .option('--network <name>', 'another network than the recipe\'s')
    .option('--pretrained <name>', `train a hash layer, or fit a baseline, on the features of one or more, separated by commas, of ${pretrainedNames.join(', ')}`)
    .option('--side <pixels>', 'size that pictures are scaled to for a pretrained network', number)
    .option('--keep-features <directory>', 'where to keep what the pretrained network saw, and to take it from')
    .option('--set <key=value>', 'a choice of the recipe, more than once', keyValue, {})
    .option('--net <key=value>', 'a setting of the network, more than once', keyValue, {})
    .option('--epochs <n>', 'instead of the recipe\'s', number)
    .option('--batch <n>', 'instead of the recipe\'s', number)
    .option('--rate <n>', 'instead of the recipe\'s', number)
    .option('--shift <pixels>', 'how far pictures are moved at random', number, 2)
    .option('--cutout <pixels>', 'side of the square that is painted over at random', number, 0)
    .option('--start <directory>', 'a saved model whose network the recipe\'s begins with; its training counts in CPU minutes')
    .option('--checkpoint <directory>', 'where to leave checkpoints, and to go on from')
    .option('--save <directory>', 'where to write the model, as it would be published')
    .option('--json <file>', 'where to write the row')
    .option('--per-query <file>', 'where to write average precision and NDCG of every query, for npm run evaluate:compare')
    .parse(argv as string[])
    .opts<Options>()
}

function number (text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('a number is wanted')
  return value
}
