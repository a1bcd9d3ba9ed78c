import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { walk } from '../pipeline/sources/walk.js'
import { DEFAULT_COLLECTION } from '../registry/collections.js'
import { writeImageHeaders } from '../topics/image-headers.js'
import type { AllInOne } from './all-in-one.js'
import type { DataDirectory } from './data-directory.js'

const DRAW = fileURLToPath(new URL('../dev/draw-pictures.js', import.meta.url))

/**
 * Draws the project's own pictures into the data directory, so that one can be searched with, and publishes them when the
 * default collection is empty. A picture's folder is its label.
 *
 * @returns one of the files.
 */
export async function publishDrawnPictures ({ log, registry }: AllInOne, { pictures }: DataDirectory): Promise<string | undefined> {
  const { topics } = registry.get(DEFAULT_COLLECTION)
  await promisify(execFile)(process.execPath, [DRAW, pictures])
  const isEmpty = (await log.ends(topics.images)).every(end => end === 0)
  const ids: string[] = []
  for await (const id of walk(pictures, (_, err) => { throw err })) ids.push(id)
  ids.sort()
  for (const id of isEmpty ? ids : []) {
    const labels = [id.split('/')[0]!]
    await log.append([{ topic: topics.images, key: Buffer.from(id), value: await readFile(join(pictures, id)), headers: writeImageHeaders({ labels, metadata: {}, uri: '', capturedAtMs: undefined }) }])
  }
  return ids[0] === undefined ? undefined : join(pictures, ids[0])
}
