import { createReadStream, existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HammingbirdClient, Version } from '../client/index.js'
import { FILE_NAMES, type FileName } from '../registry/manifest.js'
import { wrongUsage } from './client-command.js'

const CHUNK_BYTES = 2 ** 20
const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1)

/**
 * Publishes the model in a directory: `manifest.json` and the files that it lists. A manifest without a version, or with one as
 * `models fetch` writes it, gets the next number; the same model published again is the version that it is already.
 *
 * @param tell a line of progress.
 */
export async function publishModel (client: HammingbirdClient, directory: string, signal: AbortSignal, tell: (text: string) => void): Promise<Version> {
  const text = await readFile(join(directory, 'manifest.json'), 'utf8').catch((err: NodeJS.ErrnoException) => { throw wrongUsage(`${directory} is no model: ${err.code === 'ENOENT' ? 'it has no manifest.json' : err.message}`) })
  let manifest: { readonly files?: readonly { readonly name: FileName, readonly bytes: number }[] }
  try {
    manifest = JSON.parse(text) as typeof manifest
  } catch {
    throw wrongUsage(`${join(directory, 'manifest.json')} is no JSON`)
  }
  const files = (manifest.files ?? []).filter(({ name }) => FILE_NAMES.includes(name)) // others are refused by the server
  for (const { name } of files) if (!existsSync(join(directory, name))) throw wrongUsage(`${directory} has no ${name}, which its manifest.json lists`)
  return client.models.publish(JSON.stringify({ ...manifest, version: '' }), chunks(directory, files, tell), { signal })
}

async function * chunks (directory: string, files: readonly { readonly name: FileName, readonly bytes: number }[], tell: (text: string) => void) {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  let sent = 0
  for (const { name } of files) {
    let offset = 0
    for await (const piece of createReadStream(join(directory, name), { highWaterMark: CHUNK_BYTES })) {
      const data = piece as Buffer
      yield { file: name, offset, data }
      offset += data.length
      sent += data.length
      tell(`publishing: ${mebibytes(sent)} of ${mebibytes(total)} MiB`)
    }
  }
  tell('publishing: the server tries the model')
}
