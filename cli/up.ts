import { createInterface } from 'node:readline/promises'
import { Command, InvalidArgumentError } from 'commander'
import { assertFree } from '../index-server/address.js'
import { DEFAULT_BITS } from '../registry/collections.js'
import { AllInOne } from './all-in-one.js'
import { INDEX_MEMORY_MIB } from './answering.js'
import { codeBits } from './client-command.js'
import { openDataDirectory } from './data-directory.js'
import { publishDrawnPictures } from './drawn-source.js'
import { assertFolders, openFolders } from './folder-sources.js'
import { gpuOption, useGpu, type GpuOptions } from './gpu-option.js'
import { logOption, loggerOf, type LogOptions } from './log-option.js'
import { release } from './release.js'
import { Progress } from './up-progress.js'
import { untilAsked } from './until-asked.js'

interface UpOptions extends GpuOptions, LogOptions {
  readonly data: string
  readonly host: string
  readonly port: number
  readonly bits: number
  readonly decoders?: number
  readonly indexMemory: number
  readonly pictures: boolean
  readonly drawn: boolean
  readonly deleteMissing: boolean
}

/** `hammingbird up [folders…]`: everything on one machine. */
export function up (): Command {
  return logOption(gpuOption(new Command('up')))
    .description('index folders of pictures, keep watching them, and answer searches: everything on this machine')
    .argument('[folders...]', 'folders of pictures; without one it starts on pictures that it draws itself')
    .option('--data <dir>', 'where the state lies; HAMMINGBIRD_DATA sets it too', process.env['HAMMINGBIRD_DATA'] || './hammingbird-data')
    .option('--host <address>', 'where gRPC listens', '127.0.0.1')
    .option('--port <port>', 'gRPC port; 0 takes any free one', integer(0, 65535), 4242)
    .option('--bits <bits>', 'width of the codes, when the collection is made', codeBits, DEFAULT_BITS)
    .option('--decoders <n>', 'decoder processes', integer(1, 64))
    .option('--index-memory <MiB>', 'versions are searched in memory while they fit into so much, else on disk', integer(1, 1_048_576), INDEX_MEMORY_MIB)
    .option('--no-pictures', 'keep no pictures beside the codes')
    .option('--no-drawn', 'draw no pictures when no folder is given')
    .option('--delete-missing', 'delete without asking when many files, or a whole folder, have gone', false)
    .action(runUp)
}

async function runUp (folders: readonly string[], options: UpOptions): Promise<void> {
  useGpu(options)
  const logger = loggerOf(options)
  await assertFolders(folders, options.data)
  await assertFree(options.host, options.port)
  await using data = await openDataDirectory(options.data)
  const asked = untilAsked()
  await using all = await AllInOne.open({
    data,
    host: options.host,
    port: options.port,
    collection: { bits: options.bits },
    pictures: options.pictures,
    indexMemoryBytes: options.indexMemory * 2 ** 20,
    ...(options.decoders === undefined ? {} : { decoders: options.decoders }),
    release,
    logger
  })
  const say = (text: string): void => { process.stdout.write(`${text}\n`) }

  await using sources = await openFolders(all, data, folders, {
    failed: (err, path) => { logger.warn({ err, path }, 'a file or folder could not be read') },
    mayDelete: (missing, known, root) => mayDelete(options.deleteMissing, missing, known, root, asked, say)
  })
  const example = folders.length === 0 && options.drawn ? await publishDrawnPictures(all, data) : undefined

  say(introduction(all, options, folders, example))
  {
    using _progress = new Progress({ out: process.stdout, facts: () => all.facts(sources.counts()) })
    await asked
  }
  say('stopping: what is in hand is finished; Ctrl-C again stops at once')
}

function introduction ({ grpc, indexServer }: AllInOne, { data }: UpOptions, folders: readonly string[], example: string | undefined): string {
  const { store, collection } = indexServer.served('')
  const live = indexServer.served('').resolveVersion('')
  const there = store.counts(live).live
  const server = grpc.port === 4242 ? '' : ` --server ${grpc.address}`
  return [
    `hammingbird ${release}`,
    `  state    ${data}`,
    `  images   ${folders.length > 0 ? folders.join(', ') : example !== undefined ? 'drawn for you, in the data directory' : there > 0 ? `${there} are there` : 'none yet: publish some'}`,
    `  version  ${live}, ${collection.versions.state.manifests.get(live)!.bits} bits`,
    `  gRPC     ${grpc.address}`,
    '',
    'search:',
    `  npx hammingbird search${server} --image ${example ?? 'PICTURE'} -k 10`,
    `  npx hammingbird status${server}`,
    `  grpcurl -plaintext ${grpc.address} describe hammingbird.v1.SearchService`,
    ''
  ].join('\n')
}

/** On a terminal someone is asked; elsewhere nothing is deleted, and it is said how it could be. */
async function mayDelete (always: boolean, missing: number, known: number, root: string, asked: Promise<void>, say: (text: string) => void): Promise<boolean> {
  if (always) return true
  const what = `${missing} of ${known} pictures have gone from ${root}`
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    say(`\n${what}: they stay searchable until they are back. If they are to go, start again with --delete-missing.`)
    return false
  }
  const prompt = createInterface({ input: process.stdin, output: process.stdout })
  try {
    const answer = await Promise.race([prompt.question(`\n${what}. Delete them from the index? [y/N] `), asked.then(() => 'n')])
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    prompt.close()
  }
}

function integer (least: number, most: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < least || value > most) throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`)
    return value
  }
}
