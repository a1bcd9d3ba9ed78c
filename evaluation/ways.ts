import { invalid } from '../errors.js'
import { shallow } from './shallow.js'
import type { Options } from './options.js'

/** Where codes come from: each way takes options that say nothing to the others. */
export type Way = 'files' | 'model' | 'shallow' | 'features' | 'network'

const ALL = ['seed', 'json', 'perQuery'] as const
const DIVIDED = [...ALL, 'protocol', 'data', 'side'] as const
const FITTED = [...DIVIDED, 'recipe', 'bits', 'pretrained', 'keepFeatures'] as const
const LEARNED = ['set', 'net', 'epochs', 'batch', 'rate', 'decay'] as const

const ways: Readonly<Record<Way, { readonly about: string, readonly takes: ReadonlySet<keyof Options> }>> = {
  files: { about: '--queries and --database', takes: new Set([...ALL, 'queries', 'database']) },
  model: { about: '--model', takes: new Set([...DIVIDED, 'model']) },
  shallow: { about: 'a shallow baseline', takes: new Set(FITTED) },
  features: { about: '--pretrained', takes: new Set([...FITTED, ...LEARNED, 'drop']) },
  network: { about: 'a recipe that trains a whole network', takes: new Set([...DIVIDED, 'recipe', 'bits', ...LEARNED, 'network', 'shift', 'cutout', 'start', 'checkpoint', 'save']) }
}

/**
 * The way that options ask for.
 *
 * @param given the names of the options that someone gave.
 * @throws HammingbirdError `HAMMINGBIRD_INVALID` where they contradict each other, or one would change nothing.
 */
export function wayOf (options: Options, given: readonly (keyof Options)[]): Way {
  const way = wayAsked(options)
  const { about, takes } = ways[way]
  const idle = given.filter(name => !takes.has(name)).map(flagOf)
  if (idle.length > 0) throw invalid(idle.join(', '), `changes nothing with ${about}, which takes ${[...takes].map(flagOf).join(' ')}`)
  return way
}

function wayAsked ({ queries, database, protocol, model, recipe, pretrained, keepFeatures }: Options): Way {
  if (queries !== undefined || database !== undefined) {
    if (queries === undefined || database === undefined) throw invalid('--queries', 'and --database come together')
    return 'files'
  }
  if (protocol === undefined) throw invalid('--protocol', 'is needed, or --queries and --database')
  if ((model === undefined) === (recipe === undefined)) throw invalid('--recipe', 'is needed, or --model, and not both')
  if (keepFeatures !== undefined && pretrained === undefined) throw invalid('--keep-features', 'wants --pretrained: it keeps what such a network saw')
  if (model !== undefined) return 'model'
  if (shallow.has(recipe!)) return 'shallow'
  return pretrained === undefined ? 'network' : 'features'
}

function flagOf (name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`
}
