import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import type { HammingbirdClient } from '../client/index.js'
import { clientCommand, withClient, type ClientCommandOptions } from './client-command.js'
import { deletedJson } from './json.js'
import { print, printJson } from './output.js'

/** What one request takes. */
const AT_ONCE = 10_000

/** `hammingbird delete IDS…` */
export function deleteImages (): Command {
  return clientCommand('delete', 'delete images: they vanish from every version')
    .argument('<ids...>', 'the images; - reads ids from stdin, one a line')
    .addHelpText('after', '\nAn id that is not there is no error, and is counted too: its image may be on its way.')
    .action((ids: readonly string[], options: ClientCommandOptions) => withClient(options, (client, signal) => remove(client, signal, ids, options)))
}

async function remove (client: HammingbirdClient, signal: AbortSignal, named: readonly string[], { json }: ClientCommandOptions): Promise<void> {
  let deleted = 0
  const ids: string[] = []
  const send = async () => {
    const batch = ids.splice(0)
    if (batch.length === 0) return
    const positions = await client.deleteItems(batch, { signal })
    deleted += batch.length
    if (json) for (const [i, id] of batch.entries()) await printJson(deletedJson(id, positions[i]))
  }
  for await (const id of all(named)) {
    ids.push(id)
    if (ids.length === AT_ONCE) await send()
  }
  await send()
  if (!json) await print(`deleted ${new Intl.NumberFormat('en').format(deleted)} ${deleted === 1 ? 'id' : 'ids'}`)
}

async function * all (named: readonly string[]): AsyncGenerator<string> {
  for (const id of named) {
    if (id !== '-') yield id
    else for await (const line of createInterface({ input: process.stdin })) if (line !== '') yield line
  }
}
