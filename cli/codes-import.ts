import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import type { CodedImage, HammingbirdClient } from '../client/index.js'
import { HammingbirdError } from '../errors.js'
import { readCodeFile, type CodeFile } from '../index-server/code-files.js'
import { clientCommand, codeBits, list, withClient, wrongUsage, type ClientCommandOptions } from './client-command.js'
import { idList } from './id-list.js'
import { print, printable, printJson } from './output.js'
import { PublishProgress } from './publish-progress.js'
import { reasonOf } from './reason-of.js'

interface ImportOptions extends ClientCommandOptions {
  readonly version: string
  readonly ids?: string
  readonly prefix?: string
  readonly bits?: number
  readonly labels?: readonly string[]
}

/** `hammingbird codes import FILE` */
export function codesImport (): Command {
  return clientCommand('import', 'publish a file of codes into a collection while it is served: each becomes an image without a picture')
    .argument('<file>', 'a FAISS IndexBinaryFlat, alone or with ids, or a plain file')
    .requiredOption('--version <name>', 'the version whose model made the codes: they are compared with nothing else')
    .option('--ids <file>', 'the images\' ids, a line each, in the order of the codes (default: FILE.ids)')
    .option('--prefix <text>', 'goes before each id; without a list of ids they are numbers from 0')
    .option('--bits <bits>', 'width of the codes of a plain file', codeBits)
    .option('--labels <a,b>', 'labels for all of them', list)
    .addHelpText('after', '\nThe ids are new, or were imported before; an id that has a picture is refused. Exit code 5: some were refused, the others are published.')
    .action((file: string, options: ImportOptions) => withClient(options, (client, signal) => importCodes(client, signal, file, options)))
}

async function importCodes (client: HammingbirdClient, signal: AbortSignal, file: string, options: ImportOptions): Promise<void> {
  const { version, json } = options
  const read = await readCodeFile(file, options.bits).catch((err: unknown) => { throw readable(err, file) })
  const status = await client.status({ signal })
  const of = status.versions.find(one => one.version === version)
  if (of === undefined) throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `there is no version ${printable(version)}: ${status.versions.map(one => one.version).join(', ')}`)
  if (of.bits !== read.bits) throw new HammingbirdError('HAMMINGBIRD_CODE_WIDTH', `${file} has codes of ${read.bits} bits, ${version} makes codes of ${of.bits}`)
  const ids = await idsOf(file, read.count, options)

  const progress = new PublishProgress({ one: 'code', many: 'codes', none: `there are no codes in ${file}` })
  let done = false
  try {
    for await (const { id, refusal } of client.publish(coded(read, ids, options), { signal })) {
      if (refusal === undefined) progress.published++
      else progress.interject(`${refusal.code}  ${printable(id)}: ${printable(refusal.message)}`)
      if (refusal !== undefined) progress.refused++
    }
    done = true
  } finally {
    progress.end()
    if (!json && (done || progress.published + progress.refused > 0)) await print(`${progress.summary()} as codes of ${version}`)
  }
  if (json) await printJson({ file, version, bits: read.bits, published: progress.published, refused: progress.refused })
  if (progress.refused > 0) process.exitCode = 5
}

async function * coded ({ bits, codes }: CodeFile, ids: AsyncIterable<string>, { version, prefix = '', labels }: ImportOptions): AsyncGenerator<CodedImage> {
  const bytes = bits / 8
  let at = 0
  for await (const id of ids) {
    yield { id: prefix + id, codes: { [version]: codes.subarray(at, at + bytes) }, ...(labels ? { labels } : {}) }
    at += bytes
  }
}

/** The list of ids, held to be as long as the codes before any is published; or their numbers. */
async function idsOf (file: string, count: number, { ids, prefix }: ImportOptions): Promise<AsyncIterable<string>> {
  const idsFile = ids ?? `${file}.ids`
  if (ids === undefined && !existsSync(idsFile)) {
    if (prefix === undefined) throw wrongUsage('whose codes are these? --ids names the list of their ids, a line each; or --prefix numbers them')
    return numbers(count)
  }
  const read = () => idList(idsFile, { file, count }, '--ids names another')
  try {
    for await (const _ of read()) { /* to the end: there may be more than memory should hold, so it is read again */ }
  } catch (err) {
    throw readable(err, idsFile)
  }
  return read()
}

async function * numbers (count: number): AsyncGenerator<string> {
  for (let number = 0; number < count; number++) yield String(number)
}

function readable (err: unknown, file: string): unknown {
  return typeof (err as NodeJS.ErrnoException).syscall === 'string' ? wrongUsage(`cannot read ${file}: ${reasonOf(err)}`) : err
}
