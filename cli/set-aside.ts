import { Command } from 'commander'
import type { HammingbirdClient, SetAsideEntry } from '../client/index.js'
import { clientCommand, whole, withClient, wrongUsage, type ClientCommandOptions } from './client-command.js'
import { facts, place } from './facts.js'
import { setAsideJson } from './json.js'
import { print, printJson, styled } from './output.js'
import { table } from './table.js'
import { writeAsked } from './write-asked.js'

interface ListOptions extends ClientCommandOptions {
  readonly code: string
  readonly limit: number
}

interface ShowOptions extends ClientCommandOptions {
  readonly image?: string
}

interface ReplayOptions extends ClientCommandOptions {
  readonly code: string
  readonly all: boolean
}

/** `hammingbird set-aside list|show|replay` */
export function setAside (): Command {
  return new Command('set-aside')
    .description('show or replay what was kept out of the index, and why')
    .addCommand(clientCommand('list', 'what was set aside, newest first')
      .option('--code <code>', 'only for this reason, such as HAMMINGBIRD_IMAGE_UNREADABLE', '')
      .option('--limit <n>', 'how many at the most', whole(1), 100)
      .action((options: ListOptions) => withClient(options, (client, signal) => list(client, signal, options))))
    .addCommand(clientCommand('show', 'one entry, with its headers')
      .argument('<id>', 'the image\'s id, or PARTITION@OFFSET of the entry')
      .option('--image <file>', 'write the image\'s bytes to a file')
      .action((id: string, options: ShowOptions) => withClient(options, (client, signal) => show(client, signal, id, options))))
    .addCommand(clientCommand('replay', 'publish set-aside images again; what has a newer state is skipped')
      .argument('[ids...]', 'the images')
      .option('--code <code>', 'all that were set aside for this reason', '')
      .option('--all', 'all of them', false)
      .action(async (ids: readonly string[], options: ReplayOptions) => {
        if (Number(ids.length > 0) + Number(options.code !== '') + Number(options.all) !== 1) throw wrongUsage('give ids, or --code, or --all')
        await withClient(options, (client, signal) => replay(client, signal, ids, options))
      }))
}

async function list (client: HammingbirdClient, signal: AbortSignal, { code, limit, json }: ListOptions): Promise<void> {
  const entries: SetAsideEntry[] = []
  for (let pageToken = ''; ;) {
    const page = await client.listSetAside({ code, pageSize: Math.min(limit - entries.length, 1000), pageToken }, { signal })
    entries.push(...page.entries)
    pageToken = page.nextPageToken
    if (pageToken === '' || entries.length >= limit) break
  }
  if (json) return printJson({ entries: entries.map(setAsideJson) })
  if (entries.length === 0) return print('nothing was set aside')
  const rows = entries.map(({ position, imageId, code, stage, at, message, superseded }) =>
    [`${position!.partition}@${position!.offset}`, imageId, `${code}${superseded ? ' (superseded)' : ''}`, stage, at?.toISOString().slice(0, 19).replace('T', ' ') ?? '', message])
  const columns = [{ name: 'at' }, { name: 'id', cut: 'middle' }, { name: 'code', cut: 'middle' }, { name: 'stage' }, { name: 'time (UTC)' }, { name: 'message', cut: 'end' }] as const
  for (const line of table(columns, rows)) await print(line)
}

async function show (client: HammingbirdClient, signal: AbortSignal, id: string, { image: file, json }: ShowOptions): Promise<void> {
  const [, partition, offset] = /^(\d+)@(\d+)$/.exec(id) ?? []
  const { entry, image, headers } = await client.getSetAside(offset === undefined ? id : { topic: '', partition: Number(partition), offset: Number(offset) }, { signal })
  if (file !== undefined) await writeAsked(file, image)
  if (json) return printJson({ ...setAsideJson(entry!), headers })
  const { position, imageId, code, message, source, at, imageBytes, stage, superseded } = entry!
  for (const line of facts([
    ['id', imageId],
    ['code', code],
    ['message', message],
    ['stage', stage],
    ['time', at?.toISOString() ?? ''],
    ['bytes', String(imageBytes)],
    ['image', place(source)],
    ['entry', place(position)],
    ['superseded', superseded ? 'yes: a newer image or a deletion is there, and a replay skips it' : ''],
    ...(file === undefined ? [] : [['file', `${file}: the image as it came`] as [string, string]]),
    ...Object.entries(headers).map(([name, value]): [string, string] => ['header', `${name} = ${value}`])
  ])) await print(line)
}

async function replay (client: HammingbirdClient, signal: AbortSignal, ids: readonly string[], { code, json }: ReplayOptions): Promise<void> {
  const { replayed, skipped, positions } = await client.replay({ imageIds: [...ids], code }, { signal })
  if (json) return printJson({ replayed, skipped, positions })
  await print(`replayed ${replayed}${skipped === 0 ? '' : `, skipped ${skipped} that have a newer state`}`)
  if (replayed > 0) await print(styled('dim', 'what is still unreadable is set aside again: hammingbird set-aside list'))
}
