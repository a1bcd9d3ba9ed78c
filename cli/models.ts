import { open, writeFile, type FileHandle } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { Command } from 'commander'
import type { HammingbirdClient, HistoryEntry, Version } from '../client/index.js'
import { backfillLine, untilCaughtUp } from './backfill-progress.js'
import { byOptions, type ByOptions } from './by-options.js'
import { clientCommand, time, withClient, type ClientCommandOptions } from './client-command.js'
import { facts } from './facts.js'
import { historyJson, movedJson, versionJson } from './json.js'
import { makeDirectories, removeEmpty } from './made-directories.js'
import { publishModel } from './model-directory.js'
import { modelsAdd, modelsCatalogue } from './models-add.js'
import { modelsImport } from './models-import.js'
import { print, printJson, styled } from './output.js'
import { StatusLine } from './status-line.js'
import { table } from './table.js'

interface ActOptions extends ClientCommandOptions, ByOptions {}

interface PublishOptions extends ActOptions {
  readonly promote: boolean
}

interface PromoteOptions extends ActOptions {
  readonly force: boolean
  readonly wait: boolean
}

interface HistoryOptions extends ClientCommandOptions {
  readonly until?: Date
}

const number = new Intl.NumberFormat('en')

/** `hammingbird models …` */
export function models (): Command {
  return new Command('models')
    .description('versions of the model that makes the codes: publish them, make them live, take them back')
    .addCommand(clientCommand('list', 'every version, and which is live')
      .action((options: ClientCommandOptions) => withClient(options, (client, signal) => list(client, signal, options))))
    .addCommand(clientCommand('show', 'one version')
      .argument('[version]', 'a version, or live or previous', 'live')
      .action((version: string, options: ClientCommandOptions) => withClient(options, (client, signal) => show(client, signal, version, options))))
    .addCommand(modelsCatalogue())
    .addCommand(modelsAdd())
    .addCommand(modelsImport())
    .addCommand(byOptions(clientCommand('publish', 'publish a model as a version: it is encoded with from then on, and found under when it is promoted'))
      .argument('<directory>', 'with manifest.json and the files that it lists')
      .option('--promote', 'wait for its backfill, then make it live', false)
      .action((directory: string, options: PublishOptions) => withClient(options, (client, signal) => publish(client, signal, directory, options))))
    .addCommand(byOptions(clientCommand('promote', 'make a version live: searches are answered by it from then on'))
      .argument('<version>')
      .option('--wait', 'wait for its backfill first', false)
      .option('--force', 'also when it has not caught up: what is missing cannot be found until it has', false)
      .action((version: string, options: PromoteOptions) => withClient(options, (client, signal) => promote(client, signal, version, options))))
    .addCommand(byOptions(clientCommand('rollback', 'make the former version live again, at once'))
      .argument('[version]', 'another than the former one', '')
      .action((version: string, options: ActOptions) => withClient(options, (client, signal) => rollback(client, signal, version, options))))
    .addCommand(clientCommand('history', 'what was live when, and who made it so')
      .option('--until <time>', 'only up to this time', time)
      .action((options: HistoryOptions) => withClient(options, (client, signal) => history(client, signal, options))))
    .addCommand(byOptions(clientCommand('retire', 'drop a version\'s codes and files: there is no way back'))
      .argument('<version>')
      .option('--force', 'also the one that is kept for a rollback, and version 0', false)
      .action((version: string, options: ActOptions & { readonly force: boolean }) => withClient(options, (client, signal) => retire(client, signal, version, options))))
    .addCommand(clientCommand('fetch', 'write a version\'s files to a directory, as publish takes them')
      .argument('<version>', 'a version, or live or previous')
      .argument('<directory>')
      .action((version: string, directory: string, options: ClientCommandOptions) => withClient(options, (client, signal) => fetch(client, signal, version, directory, options))))
}

async function list (client: HammingbirdClient, signal: AbortSignal, { json }: ClientCommandOptions): Promise<void> {
  const [versions, backfills] = await Promise.all([client.models.list({ signal }), client.models.backfill('', { signal })])
  if (json) return printJson({ versions: versions.map(versionJson) })
  const columns = [{ name: 'version' }, { name: 'alias' }, { name: 'bits', align: 'right' }, { name: 'network' }, { name: 'coded', align: 'right' }, { name: 'waiting', align: 'right' }, { name: 'since (UTC)' }, { name: 'from', cut: 'end' }] as const
  const rows = versions.map(version => {
    const { name, aliases, bits, network, createdAt } = version
    const backfill = backfills.find(({ version }) => version === name)
    return [name, aliases.join(', '), String(bits), network, number.format(backfill?.coded ?? 0), number.format(backfill?.waiting ?? 0), utc(createdAt), origin(version)]
  })
  for (const line of table(columns, rows)) await print(line)
}

async function show (client: HammingbirdClient, signal: AbortSignal, name: string, { json }: ClientCommandOptions): Promise<void> {
  const version = await client.models.get(name, { signal })
  if (json) return printJson(versionJson(version))
  const [backfill] = await client.models.backfill(version.name, { signal })
  const { input, detail, files, provenance } = JSON.parse(version.manifest) as { input: { width: number, height: number, fit: string }, detail: number, files: { name: string, bytes: number, sha256: string }[], provenance: Record<string, string> }
  for (const line of facts([
    ['version', version.name],
    ['alias', version.aliases.join(', ')],
    ['bits', String(version.bits)],
    ['network', version.network],
    ['input', `${input.width}×${input.height}, ${input.fit}`],
    ['detail', detail === 0 ? '' : `${detail} int8 features`],
    ['since', version.createdAt?.getTime() ? version.createdAt.toISOString() : ''],
    ['codes', backfill ? backfillLine(backfill) : ''],
    ...files.map(({ name, bytes, sha256 }): [string, string] => ['file', `${name}  ${number.format(bytes)} bytes  ${sha256}`]),
    ...Object.entries(provenance).map(([name, value]): [string, string] => ['from', `${name} = ${value}`])
  ])) await print(line)
}

async function publish (client: HammingbirdClient, signal: AbortSignal, directory: string, { json, promote, actor, reason }: PublishOptions): Promise<void> {
  using line = new StatusLine()
  const before = await client.models.list({ signal })
  const version = await publishModel(client, directory, signal, text => { line.say(text) })
  if (promote) {
    await untilCaughtUp(client, version.name, signal, text => { line.say(text) })
    const moved = await client.models.promote(version.name, { actor, reason, signal })
    line.end()
    return json ? printJson({ ...versionJson(version), ...movedJson(moved) }) : print(moveLine(moved))
  }
  line.end()
  if (json) return printJson(versionJson(version))
  if (before.some(({ name }) => name === version.name)) return print(`${version.name} is this model already: nothing was published`)
  await print(`published ${version.name}`)
  await print(styled('dim', `it is encoded with now: hammingbird backfill status; then: hammingbird models promote ${version.name}`))
}

async function promote (client: HammingbirdClient, signal: AbortSignal, version: string, { json, force, wait, actor, reason }: PromoteOptions): Promise<void> {
  using line = new StatusLine()
  if (wait && !force) await untilCaughtUp(client, version, signal, text => { line.say(text) })
  const moved = await client.models.promote(version, { force, actor, reason, signal })
  line.end()
  if (json) return printJson(movedJson(moved))
  await print(moveLine(moved))
}

async function rollback (client: HammingbirdClient, signal: AbortSignal, version: string, { json, actor, reason }: ActOptions): Promise<void> {
  const moved = await client.models.rollback(version, { actor, reason, signal })
  if (json) return printJson({ ...movedJson(moved), missing: moved.missing })
  await print(moveLine(moved))
  if (moved.missing > 0) await print(`${number.format(moved.missing)} images cannot be found until it has caught up: hammingbird backfill status ${moved.live}`)
}

async function retire (client: HammingbirdClient, signal: AbortSignal, version: string, { json, force, actor, reason }: ActOptions & { readonly force: boolean }): Promise<void> {
  const { event } = await client.models.retire(version, { force, actor, reason, signal })
  if (json) return printJson({ version, retired: true, event })
  await print(`retired ${version}`)
}

async function history (client: HammingbirdClient, signal: AbortSignal, { json, until }: HistoryOptions): Promise<void> {
  const entries = await client.models.history({ signal, ...(until ? { until } : {}) })
  if (json) return printJson({ entries: entries.map(historyJson) })
  if (entries.length === 0) return print('nothing has happened: v0 has been live from the beginning')
  const columns = [{ name: 'time (UTC)' }, { name: 'event' }, { name: 'version' }, { name: 'live' }, { name: 'previous' }, { name: 'by', cut: 'end' }, { name: 'reason', cut: 'end' }] as const
  const rows = entries.map(({ at, event, version, live, previous, actor, reason }: HistoryEntry) => [utc(at), event, version, live, previous, actor, reason])
  for (const line of table(columns, rows)) await print(line)
}

async function fetch (client: HammingbirdClient, signal: AbortSignal, version: string, directory: string, { json }: ClientCommandOptions): Promise<void> {
  const made = await makeDirectories(resolve(directory))
  const files = new Map<string, FileHandle>()
  let bytes = 0
  try {
    for await (const part of client.models.fetch(version, { signal })) {
      if (part.$case === 'manifest') await writeFile(join(directory, 'manifest.json'), `${JSON.stringify(JSON.parse(part.value), null, 2)}\n`)
      else {
        const { file, data } = part.value
        const handle = files.get(file) ?? await open(join(directory, basename(file)), 'w')
        files.set(file, handle)
        await handle.appendFile(data) // in order
        bytes += data.length
      }
    }
  } finally {
    for (const handle of files.values()) await handle.close()
    await removeEmpty(made)
  }
  if (json) return printJson({ version, directory, files: [...files.keys()], bytes })
  await print(`${directory}: manifest.json${[...files.keys()].map(name => `, ${name}`).join('')}`)
}

function moveLine ({ live, previous }: { readonly live: string, readonly previous: string }): string {
  return `${live} is live, ${previous} is previous`
}

/** In a few words, for a column. */
function origin ({ manifest }: Version): string {
  const { provenance } = JSON.parse(manifest) as { provenance: Record<string, string> }
  return provenance['from'] ?? Object.values(provenance)[0] ?? ''
}

function utc (at: Date | undefined): string {
  return at?.getTime() ? at.toISOString().slice(0, 19).replace('T', ' ') : ''
}
