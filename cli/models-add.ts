import { Command } from 'commander'
import { CATALOGUE } from '../encoder/import/catalogue.js'
import { clientCommand, codeBits, withClient, whole, type ClientCommandOptions } from './client-command.js'
import { gpuOption, useGpu, type GpuOptions } from './gpu-option.js'
import type { HashVersionOptions } from './hash-version.js'
import { byOptions } from './by-options.js'
import { print, printJson } from './output.js'
import { catalogueEntry, pretrainedWeights } from './pretrained-weights.js'
import { StatusLine } from './status-line.js'
import { table } from './table.js'

export interface HashCommandOptions extends ClientCommandOptions, HashVersionOptions, GpuOptions {}

interface AddOptions extends HashCommandOptions {
  readonly from?: string
}

/** `hammingbird models add NAME` */
export function modelsAdd (): Command {
  return hashOptions(clientCommand('add', 'a pretrained network from the catalogue, with a hash layer fitted on what the collection holds: no labels needed'))
    .argument('<name>', 'as hammingbird models catalogue lists it')
    .option('--from <dir|url>', 'a layers folder of these weights, or the address of its model.json; else where their owners publish them')
    .action((name: string, options: AddOptions) => withClient(options, async (client, signal) => {
      useGpu(options)
      const { addHashVersion } = await import('./hash-version.js') // TensorFlow takes a second to load: other commands go without
      const entry = catalogueEntry(name)
      using line = new StatusLine()
      const imported = await pretrainedWeights(entry, options.from, signal, line)
      line.keep(`${entry.name}: weights as the catalogue has them`)
      const { source, licence, picture } = entry
      await addHashVersion(client, options.collection, { name, imported, picture, provenance: { source, licence } }, options, signal)
    }))
}

/** What `add` and `import` take beside what is imported. */
export function hashOptions (command: Command): Command {
  return gpuOption(byOptions(command))
    .option('--bits <bits>', 'width of its codes; as the collection\'s when it is not given', codeBits, 0)
    .option('--pictures <n>', 'most pictures that the layer is fitted on', whole(16, 1_000_000), 4096)
    .option('--detail <n>', 'int8 features kept beside the code, to order ties by', whole(0, 64))
    .option('--again', 'fit a layer also when a version of these weights and bits is there', false)
    .option('--no-promote', 'leave it to be promoted later')
}

/** `hammingbird models catalogue` */
export function modelsCatalogue (): Command {
  return new Command('catalogue')
    .description('pretrained networks that models add knows')
    .option('--json', 'JSON for programs', false)
    .action(async ({ json }: { readonly json: boolean }) => {
      if (json) return printJson({ entries: CATALOGUE.map(({ name, about, address, source, licence, bytes, sha256 }) => ({ name, about, ...(address === undefined ? {} : { address }), source, licence, bytes, sha256 })) })
      const columns = [{ name: 'name' }, { name: 'MiB', align: 'right' }, { name: 'licence' }, { name: 'fetched' }, { name: 'about', cut: 'end' }] as const
      const rows = CATALOGUE.map(({ name, bytes, licence, address, about }) => [name, (bytes / 2 ** 20).toFixed(1), licence, address === undefined ? 'give --from' : 'yes', about])
      for (const line of table(columns, rows)) await print(line)
    })
}
