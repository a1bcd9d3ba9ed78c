import type { Command } from 'commander'
import { codeOf, HammingbirdError } from '../errors.js'
import type { HammingbirdClient, MetadataCondition, Query, Search } from '../client/index.js'
import { clientCommand, list, time, whole, withClient, wrongUsage, type ClientCommandOptions } from './client-command.js'
import { readImage } from './image-files.js'

/** What says which images are looked for. */
export interface SearchForOptions extends ClientCommandOptions {
  readonly image?: string
  readonly id?: string
  readonly code?: string
  readonly k?: number
  readonly radius?: number
  readonly label: readonly string[]
  readonly allLabels: readonly string[]
  readonly withoutLabel: readonly string[]
  readonly from?: Date
  readonly before?: Date
  readonly where: readonly MetadataCondition[]
  readonly version: string
  readonly collapse: boolean
}

/** A command that looks for images: with the options that say which. */
export function searchForCommand (name: string, description: string): Command {
  return clientCommand(name, description)
    .option('--image <file>', 'search by an image file; - is stdin')
    .option('--id <id>', 'search by a stored image')
    .option('--code <hex>', 'search by a code')
    .option('-k <n>', 'how many at the most; 10 when there is no radius', whole(1))
    .option('--radius <bits>', 'only images within this Hamming distance', whole(0, 1024))
    .option('--label <labels>', 'only images with one of these labels', list, [])
    .option('--all-labels <labels>', 'only images with all of these labels', list, [])
    .option('--without-label <labels>', 'only images with none of these labels', list, [])
    .option('--from <time>', 'only images captured from then on', time)
    .option('--before <time>', 'only images captured before', time)
    .option('--where <condition>', 'only images whose metadata is so: name=value, name>=value, name<value; several times', condition, [])
    .option('--version <version>', 'the model version, or an alias', 'live')
    .option('--collapse', 'of images with equal bytes only the first', false)
}

/** The search that the options say. */
export async function searchOf (options: SearchForOptions): Promise<Search> {
  return {
    ...await queryOf(options),
    ...(options.k === undefined ? {} : { k: options.k }),
    ...(options.radius === undefined ? {} : { radius: options.radius }),
    ...filterOf(options),
    version: options.version,
    collapse: options.collapse
  }
}

/** `withClient`, and what is wrong with the image is told by the file's name. */
export async function withClientAndImage (options: SearchForOptions, work: (client: HammingbirdClient, signal: AbortSignal) => Promise<void>): Promise<void> {
  try {
    await withClient(options, work)
  } catch (err) {
    // The server knows the bytes, not what the file is called.
    if (options.image === undefined || !codeOf(err).startsWith('HAMMINGBIRD_IMAGE_')) throw err
    throw new HammingbirdError(codeOf(err), `${options.image}: ${(err as Error).message}`, { cause: err })
  }
}

async function queryOf ({ image, id, code }: SearchForOptions): Promise<Query> {
  if ([image, id, code].filter(given => given !== undefined).length !== 1) throw wrongUsage('give one of --image, --id and --code, and only one')
  if (image !== undefined) return { image: await readImage(image) }
  if (id !== undefined) return { id }
  if (!/^([0-9a-f]{2})+$/i.test(code!)) throw wrongUsage(`--code: hex digits, two a byte, got ${JSON.stringify(code)}`)
  return { code: Buffer.from(code!, 'hex') }
}

function filterOf ({ label, allLabels, withoutLabel, from, before, where }: SearchForOptions): Pick<Search, 'filter'> {
  if (!from && !before && [label, allLabels, withoutLabel, where].every(({ length }) => length === 0)) return {}
  return {
    filter: {
      anyLabels: [...label],
      allLabels: [...allLabels],
      noLabels: [...withoutLabel],
      ...(from ? { capturedFrom: from } : {}),
      ...(before ? { capturedBefore: before } : {}),
      metadata: [...where]
    }
  }
}

function condition (text: string, before: readonly MetadataCondition[]): readonly MetadataCondition[] {
  const [, field, comparison, value = ''] = /^([^=<>]+)(>=|<|=)(.*)$/s.exec(text) ?? []
  // A value that begins so is a comparison that there is not: it would be found nowhere, and be no error.
  if (field === undefined || /^[=<>]/.test(value)) throw wrongUsage(`--where: name=value, name>=value or name<value, got ${JSON.stringify(text)}`)
  return [...before, { field, ...(comparison === '=' ? { equals: value } : comparison === '<' ? { below: value } : { atLeast: value }) }]
}
