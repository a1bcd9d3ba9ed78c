import { createInterface } from 'node:readline/promises'
import { Command } from 'commander'
import type { Collection, HammingbirdClient } from '../client/index.js'
import { clientCommand, codeBits, whole, withClient, wrongUsage, type ClientCommandOptions } from './client-command.js'
import { facts } from './facts.js'
import { collectionJson } from './json.js'
import { print, printJson } from './output.js'
import { table } from './table.js'

interface CreateOptions extends ClientCommandOptions {
  readonly bits: number
  readonly partitions: number
  readonly imageBytes: number
  readonly imagePixels: number
}

interface DeleteOptions extends ClientCommandOptions {
  readonly yes: boolean
}

/** `hammingbird collections create|list|show|delete` */
export function collections (): Command {
  return new Command('collections')
    .description('make, list, show or delete collections: named sets of images, each with topics, models and tables of its own')
    .addCommand(clientCommand('create', 'make a collection; one that is there with the same settings is no error')
      .argument('<name>', '1 to 63 of a-z, 0-9 and hyphens')
      .option('--bits <bits>', 'width of the codes of version 0: a multiple of 8', codeBits, 0)
      .option('--partitions <n>', 'of the items topic, fixed for ever', whole(1), 0)
      .option('--image-bytes <n>', 'largest image file', whole(1), 0)
      .option('--image-pixels <n>', 'most pixels of an image', whole(1), 0)
      .action((name: string, options: CreateOptions) => withClient(options, async (client, signal) => {
        const { bits, partitions, imageBytes, imagePixels } = options
        return showOne(await client.createCollection({ name, bits, partitions, limits: { imageBytes, imagePixels } }, { signal }), options)
      })))
    .addCommand(clientCommand('list', 'all collections')
      .action((options: ClientCommandOptions) => withClient(options, (client, signal) => list(client, signal, options))))
    .addCommand(clientCommand('show', 'one collection')
      .argument('<name>')
      .action((name: string, options: ClientCommandOptions) => withClient(options, async (client, signal) => showOne(await client.getCollection(name, { signal }), options))))
    .addCommand(clientCommand('delete', 'delete a collection with its topics, models and tables: there is no way back')
      .argument('<name>')
      .option('--yes', 'do not ask', false)
      .action((name: string, options: DeleteOptions) => withClient(options, (client, signal) => remove(client, signal, name, options))))
}

async function list (client: HammingbirdClient, signal: AbortSignal, { json }: ClientCommandOptions): Promise<void> {
  const all = await client.listCollections({ signal })
  if (json) return printJson({ collections: all.map(collectionJson) })
  const columns = [{ name: 'name' }, { name: 'bits', align: 'right' }, { name: 'partitions', align: 'right' }, { name: 'since (UTC)' }] as const
  const rows = all.map(({ name, bits, partitions, createdAt }) => [name, String(bits), String(partitions), createdAt?.toISOString().slice(0, 19).replace('T', ' ') ?? ''])
  for (const line of table(columns, rows)) await print(line)
}

async function showOne (collection: Collection, { json }: ClientCommandOptions): Promise<void> {
  if (json) return printJson(collectionJson(collection))
  const { name, bits, partitions, limits, createdAt } = collection
  for (const line of facts([
    ['name', name],
    ['bits', String(bits)],
    ['partitions', String(partitions)],
    ['limits', limits ? `${limits.imageBytes} bytes and ${limits.imagePixels} pixels an image` : ''],
    ['since', createdAt?.toISOString() ?? '']
  ])) await print(line)
}

async function remove (client: HammingbirdClient, signal: AbortSignal, name: string, { yes, json }: DeleteOptions): Promise<void> {
  await client.getCollection(name, { signal })
  if (!yes && !await agreed(name, signal)) throw wrongUsage('nothing was deleted: the name was not repeated')
  await client.deleteCollection(name, { signal })
  if (json) await printJson({ name, deleted: true })
  else await print(`deleted collection ${name}`)
}

/** Asks for the name once more, on a terminal; elsewhere --yes must say it. */
async function agreed (name: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY) throw wrongUsage('this deletes every image of the collection: say --yes')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await terminal.question(`This deletes every image of ${name}, its models and tables. The name once more: `, { signal }) === name
  } finally {
    terminal.close()
  }
}
