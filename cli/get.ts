import type { Command } from 'commander'
import type { HammingbirdClient, Item } from '../client/index.js'
import { cameAsCodes } from '../topics/given-codes.js'
import { clientCommand, withClient, wrongUsage, type ClientCommandOptions } from './client-command.js'
import { facts, place } from './facts.js'
import { itemJson } from './json.js'
import { print, printJson } from './output.js'
import { writeAsked } from './write-asked.js'

interface GetOptions extends ClientCommandOptions {
  readonly picture?: string
}

/** `hammingbird get ID` */
export function get (): Command {
  return clientCommand('get', 'show what is known of an image')
    .argument('<id>', 'the image')
    .option('--picture <file>', 'write the picture that is kept of it to a file: a JPEG, up to 64 pixels a side a PNG')
    .action((id: string, options: GetOptions) => withClient(options, (client, signal) => show(client, signal, id, options)))
}

async function show (client: HammingbirdClient, signal: AbortSignal, id: string, { json, picture }: GetOptions): Promise<void> {
  const item = await client.getItem(id, { signal, picture: picture !== undefined })
  if (picture !== undefined) {
    if (item.picture.length === 0) throw wrongUsage(cameAsCodes(item) ? 'that image came as codes: there is no picture of it' : 'no picture is kept of that image: the server keeps none')
    await writeAsked(picture, item.picture)
  }
  if (json) return printJson(itemJson(item))
  const written: [string, string][] = picture === undefined ? [] : [['picture', `${picture}: a ${isPng(item.picture) ? 'PNG' : 'JPEG'} file`]]
  for (const line of facts([...factsOf(item), ...written])) await print(line)
}

function factsOf (item: Item): [string, string][] {
  const { id, labels, metadata, uri, capturedAt, width, height, format, sha256, position, source, codes } = item
  return [
    ['id', id],
    ['labels', labels.join(', ')],
    ['uri', uri],
    ['captured', capturedAt?.toISOString() ?? ''],
    ['format', cameAsCodes(item) ? 'codes, no picture' : `${format}, ${width}×${height}`],
    ['sha256', sha256.toString('hex')],
    ['item', place(position)],
    ['image', place(source)],
    ...Object.entries(metadata).map(([name, value]): [string, string] => ['metadata', `${name} = ${value}`]),
    ...Object.entries(codes).map(([version, { code, stale, refused }]): [string, string] =>
      [`code ${version}`, refused === '' ? `${code.toString('hex')}${stale ? ' (of a former state)' : ''}` : `none: ${refused}`])
  ]
}

/** Small pictures are kept as PNG, larger ones as JPEG. */
function isPng (picture: Uint8Array): boolean {
  return picture[0] === 0x89
}
