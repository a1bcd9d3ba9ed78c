import { existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { HammingbirdClient } from '../client/index.js'
import { HammingbirdError, invalid } from '../errors.js'
import { readCodeFile, writeCodeFile, type CodeFileFormat } from '../index-server/code-files.js'
import { HotCodeStore } from '../index-server/store/hot-tier/hot-code-store.js'
import { Threads } from '../index-server/store/hot-tier/threads.js'
import { clientCommand, codeBits, whole, withClient, wrongUsage, type ClientCommandOptions } from './client-command.js'
import { codesImport } from './codes-import.js'
import { idList } from './id-list.js'
import { print, printable, printJson } from './output.js'
import { reasonOf } from './reason-of.js'

interface ExportOptions extends ClientCommandOptions {
  readonly format: CodeFileFormat
  readonly version: string
}

interface SearchOptions {
  readonly code: string
  readonly k?: number
  readonly radius?: number
  readonly bits?: number
  readonly json: boolean
}

/** `hammingbird codes export|import|search` */
export function codes (): Command {
  return new Command('codes')
    .description('take the codes along, to FAISS or anywhere else, bring such files in, and search them')
    .addCommand(clientCommand('export', 'write a version\'s codes to a file, and the ids beside it, a line each in the same order')
      .argument('<file>', 'where the codes go; the ids go to FILE.ids')
      .addOption(new Option('--format <format>', 'a FAISS IndexBinaryFlat, or the codes and nothing else').choices(['faiss', 'plain']).default('faiss'))
      .option('--version <name>', 'the version; the live one when left out', '')
      .action((file: string, options: ExportOptions) => withClient(options, (client, signal) => exportCodes(client, signal, file, options))))
    .addCommand(codesImport())
    .addCommand(new Command('search')
      .description('read a file of codes, as exported or as FAISS wrote it, into memory and find the nearest, without a server')
      .argument('<file>', 'a FAISS IndexBinaryFlat, alone or with ids, or a plain file')
      .requiredOption('--code <hex>', 'what to search for', hex)
      .option('-k <n>', 'how many at the most; 10 when there is no radius', whole(1))
      .option('--radius <bits>', 'only codes within this Hamming distance', whole(0, 1024))
      .option('--bits <bits>', 'width of the codes of a plain file', codeBits)
      .option('--json', 'JSON for programs', false)
      .action(searchFile))
}

async function exportCodes (client: HammingbirdClient, signal: AbortSignal, file: string, { format, version, json }: ExportOptions): Promise<void> {
  const status = await client.status({ signal })
  const name = version === '' ? status.liveVersion : version
  const of = status.versions.find(one => one.version === name)
  if (of === undefined) throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `there is no version ${name}`)
  // Written aside: what bears the name that was asked for is whole.
  const parts = [`${file}.part`, `${file}.ids.part`] as const
  let count: number
  try {
    count = await writeBoth(client, signal, name, of.bits, format, parts)
    await rename(parts[0], file)
    await rename(parts[1], `${file}.ids`)
  } catch (err) {
    await Promise.all(parts.map(part => rm(part, { force: true }).catch(() => undefined)))
    throw typeof (err as NodeJS.ErrnoException).syscall === 'string' ? wrongUsage(`cannot write ${file}: ${reasonOf(err)}`) : err
  }
  if (json) return printJson({ file, ids: `${file}.ids`, version: name, bits: of.bits, codes: count })
  await print(`${count} codes of ${of.bits} bits, version ${name}: ${file}; their ids: ${file}.ids`)
}

async function writeBoth (client: HammingbirdClient, signal: AbortSignal, version: string, bits: number, format: CodeFileFormat, [file, idsFile]: readonly [string, string]): Promise<number> {
  const ids = await open(idsFile, 'w')
  async function * all (): AsyncGenerator<Uint8Array> {
    let run: Uint8Array[] = []
    let lines = ''
    for await (const { id, codes } of client.exportItems({}, { signal })) {
      const code = codes[version]?.code
      if (code === undefined || code.length === 0) continue
      run.push(code)
      lines += `${id}\n`
      if (run.length < 8192) continue
      await ids.appendFile(lines)
      yield Buffer.concat(run)
      run = []
      lines = ''
    }
    await ids.appendFile(lines)
    yield Buffer.concat(run)
  }
  try {
    return await writeCodeFile(file, format, bits, all())
  } finally {
    await ids.close()
  }
}

async function searchFile (file: string, { code: text, k, radius, bits: asked, json }: SearchOptions): Promise<void> {
  const { bits, count, codes } = await readCodeFile(file, asked)
  const code = Buffer.from(text, 'hex')
  if (code.length * 8 !== bits) throw invalid('--code', `${bits / 4} hexadecimal digits, for codes of ${bits} bits`)
  await using threads = Threads.open(0)
  await using store = await HotCodeStore.open({ bits, threads }, [{ ordinals: Array.from({ length: count }, (_, i) => i), codes }])
  const most = k ?? (radius === undefined ? 10 : Infinity)
  const { groups, plan } = await store.search({ code, ...Number.isFinite(most) && { k: most }, ...radius !== undefined && { radius } })
  const numbered = groups.flatMap(({ distance, ordinals }) => Array.from(ordinals, number => ({ distance, number })))
    .sort((a, b) => a.distance - b.distance || a.number - b.number).slice(0, most)
  const ids = await idsBeside(file, count, new Set(numbered.map(({ number }) => number)))
  const hits = numbered.map(hit => ({ ...hit, ...ids && { id: ids.get(hit.number)! } }))
  if (json) return printJson({ codes: count, bits, plan, hits })
  for (const { distance, number, id } of hits) await print(`${String(distance).padStart(8)}  ${number}${id === undefined ? '' : `  ${printable(id)}`}`)
  await print(`complete · ${plan} of ${count} codes of ${bits} bits; numbers count from 0, as FAISS does${ids === undefined ? '' : `; ids from ${file}.ids`}`)
}

/** The ids of some numbers, from the list that an export leaves beside its codes. Undefined where there is none. @throws HammingbirdError `HAMMINGBIRD_INVALID` for a list of another length. */
async function idsBeside (file: string, count: number, numbers: ReadonlySet<number>): Promise<ReadonlyMap<number, string> | undefined> {
  const list = `${file}.ids`
  if (!existsSync(list)) return undefined
  const ids = new Map<number, string>()
  let at = 0
  for await (const id of idList(list, { file, count }, 'put it elsewhere to search by number')) {
    if (numbers.has(at)) ids.set(at, id)
    at++
  }
  return ids
}

function hex (text: string): string {
  if (!/^([0-9a-f]{2})+$/i.test(text)) throw new InvalidArgumentError('It is hexadecimal digits, two a byte.')
  return text
}
