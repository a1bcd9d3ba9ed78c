import type { Command } from 'commander'
import type { HammingbirdClient } from '../client/index.js'
import { codeOf, HammingbirdError } from '../errors.js'
import { clientCommand, list, withClient, wrongUsage, type ClientCommandOptions } from './client-command.js'
import { print, printable, printJson } from './output.js'

interface LabelsOptions extends ClientCommandOptions {
  readonly reset: boolean
  readonly none: boolean
  readonly ahead: boolean
}

/** `hammingbird labels ID [labels…]` */
export function labels (): Command {
  return clientCommand('labels', 'show the labels of an image, or set them: they win over those published with it')
    .argument('<id>', 'the image')
    .argument('[labels...]', 'its labels from now on, with spaces or commas between them')
    .option('--reset', 'back to the labels published with the image', false)
    .option('--none', 'no labels at all', false)
    .option('--ahead', 'also for an image that is yet to come: they wait for it', false)
    .action(async (id: string, values: readonly string[], options: LabelsOptions) => {
      if (Number(options.reset) + Number(options.none) + Number(values.length > 0) > 1) throw wrongUsage('give labels, or --reset, or --none')
      await withClient(options, (client, signal) => run(client, signal, id, values, options))
    })
}

async function run (client: HammingbirdClient, signal: AbortSignal, id: string, values: readonly string[], { json, reset, none, ahead }: LabelsOptions): Promise<void> {
  if (!reset && !none && values.length === 0) {
    const { labels } = await client.getItem(id, { signal })
    return json ? printJson({ id, labels }) : print(labels.length === 0 ? 'no labels' : printable(labels.join(', ')))
  }
  if (!ahead) await assertThere(client, signal, id)
  const given = reset ? undefined : values.reduce<readonly string[]>((before, value) => list(value, before), [])
  const position = await client.setLabels(id, given, { signal })
  if (json) await printJson({ id, ...(given ? { labels: given } : {}), position })
  else await print(given === undefined ? 'labels: as published with the image' : given.length === 0 ? 'labels: none' : `labels: ${printable(given.join(', '))}`)
}

async function assertThere (client: HammingbirdClient, signal: AbortSignal, id: string): Promise<void> {
  try {
    await client.getItem(id, { signal })
  } catch (err) {
    if (codeOf(err) !== 'HAMMINGBIRD_NOT_FOUND') throw err
    throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `${(err as Error).message}; --ahead sets labels for one that is yet to come`, { cause: err })
  }
}
