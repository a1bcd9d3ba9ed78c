import type { Command } from 'commander'
import { codeOf } from '../errors.js'
import type { HammingbirdClient, NewImage, Published } from '../client/index.js'
import { clientCommand, list, time, withClient, wrongUsage, type ClientCommandOptions } from './client-command.js'
import { imageFiles, readImage, type ImageFile } from './image-files.js'
import { publishedJson } from './json.js'
import { keptOut, PublishedRange, type KeptOut } from './kept-out.js'
import { print, printable, printJson, styled } from './output.js'
import { PublishProgress } from './publish-progress.js'

interface PublishOptions extends ClientCommandOptions {
  readonly id?: string
  readonly prefix: string
  readonly labels?: readonly string[]
  readonly uri?: string
  readonly capturedAt?: Date
  readonly metadata?: Readonly<Record<string, string>>
}

interface FileImage extends NewImage {
  readonly file: string
}

/** Of so few images each is named in the end; of more only their number. */
const NAMED = 10

/** `hammingbird publish FILES…` */
export function publish (): Command {
  return clientCommand('publish', 'publish images: files, folders with all below them, - for stdin')
    .argument('<files...>', 'image files, folders, or - for stdin')
    .option('--id <id>', 'the image\'s id, for a single one; else the path: below a folder, from there')
    .option('--prefix <text>', 'put before each id', '')
    .option('--labels <labels>', 'labels, with commas between them', list)
    .option('--uri <uri>', 'where the image is from; {id} in it stands for the id')
    .option('--captured-at <time>', 'when it was captured', time)
    .option('--metadata <name=value>', 'a field of metadata; may be given several times', field)
    .addHelpText('after', '\nAn id that is there already is an update. Exit code 5: some were refused, the others are published.')
    .action((files: readonly string[], options: PublishOptions) => withClient(options, (client, signal) => publishFiles(client, signal, files, options)))
}

async function publishFiles (client: HammingbirdClient, signal: AbortSignal, paths: readonly string[], options: PublishOptions): Promise<void> {
  const progress = new PublishProgress()
  const named: string[] = []
  const range = new PublishedRange()
  let imagesTopic = ''

  const refuse = async (file: string, id: string, { code, message }: { readonly code: string, readonly message: string }) => {
    progress.refused++
    if (options.json) await printJson(publishedJson(file, { id, position: undefined, refusal: { code, message } }))
    else progress.interject(`${code}  ${printable(message.startsWith(`${file} `) ? message : `${file}: ${message}`)}`)
  }
  const tell = async ({ image: { file }, id, position, refusal }: Published<FileImage>) => {
    if (refusal) return refuse(file, id, refusal)
    progress.published++
    range.add(position!)
    imagesTopic = position!.topic
    if (options.json) await printJson(publishedJson(file, { id, position, refusal }))
    else if (progress.published <= NAMED) named.push(`  ${printable(id)}  at ${position!.partition}@${position!.offset}`)
  }

  let done = false
  try {
    for await (const published of client.publish(read(paths, options, refuse), { signal })) await tell(published)
    done = true
  } finally {
    progress.end()
    const told = done || progress.published + progress.refused > 0
    if (!options.json && told) {
      await print([progress.summary(), ...(progress.published <= NAMED ? named : [])].join('\n'))
    }
  }
  if (!options.json && progress.published > 0) await tellKeptOut(await keptOut(client, range, imagesTopic, signal))
  if (progress.refused > 0) process.exitCode = 5
}

/** Nothing where all can be found. */
async function tellKeptOut (kept: KeptOut | undefined): Promise<void> {
  if (kept === undefined || (kept.entries.length === 0 && !kept.more)) return
  const { entries, more } = kept
  for (const { imageId, code, message } of entries.slice(0, NAMED)) process.stderr.write(`${code}  ${printable(imageId)}: ${printable(message)}\n`)
  const soFar = entries.length === 0 ? 'not all is decoded yet; what cannot be is set aside' : `${entries.length}${more ? ' or more' : ''} set aside, which cannot be found`
  await print(styled('dim', `${soFar}: hammingbird set-aside list`))
}

type Refuse = (file: string, id: string, refusal: { readonly code: string, readonly message: string }) => Promise<void>

async function * read (paths: readonly string[], options: PublishOptions, refuse: Refuse): AsyncGenerator<FileImage> {
  const seen = new Set<string>()
  const unreadable = (folder: string, err: unknown) => refuse(folder, '', { code: 'HAMMINGBIRD_IMAGE_UNREADABLE', message: (err as Error).message })
  for await (const found of options.id === undefined ? imageFiles(paths, unreadable) : [await single(paths, options.id)]) {
    const { file } = found
    const id = found.id === undefined ? undefined : options.prefix + found.id
    if (id !== undefined && seen.has(id)) throw wrongUsage(`two files would be ${JSON.stringify(id)}: publish them one after the other, each with a --prefix of its own`)
    if (id !== undefined) seen.add(id)
    let image: Buffer
    try {
      image = await readImage(file)
    } catch (err) {
      await refuse(file, id ?? '', { code: codeOf(err), message: (err as Error).message })
      continue
    }
    yield {
      file,
      image,
      ...(id === undefined ? {} : { id }),
      ...(options.labels ? { labels: options.labels } : {}),
      ...(options.uri === undefined ? {} : { uri: options.uri.replaceAll('{id}', encodeURI(id ?? '')) }),
      ...(options.capturedAt ? { capturedAt: options.capturedAt } : {}),
      ...(options.metadata ? { metadata: options.metadata } : {})
    }
  }
}

/** What --id names: one file, not a folder's worth. */
async function single (paths: readonly string[], id: string): Promise<ImageFile> {
  const all: ImageFile[] = []
  for await (const file of imageFiles(paths, () => {})) {
    all.push(file)
    if (all.length > 1) throw wrongUsage('--id names one image, and there are several: use --prefix')
  }
  const [only] = all
  if (!only) throw wrongUsage('there are no pictures in that folder')
  return { ...only, id }
}

function field (text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const at = text.indexOf('=')
  if (at < 1) throw wrongUsage(`--metadata: NAME=VALUE, got ${JSON.stringify(text)}`)
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
}
