import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { drawnPictures } from '../dev/pictures.js'
import { writeImageHeaders } from '../topics/image-headers.js'
import { DEFAULT_COLLECTION } from '../registry/collections.js'
import type { AllInOne } from './all-in-one.js'
import type { DataDirectory } from './data-directory.js'

/**
 * Publishes the pictures that the project draws itself, when the default collection is empty, and puts them into the data
 * directory, so that one can be searched with.
 *
 * @returns one of the files.
 */
export async function publishDrawnPictures ({ log, registry }: AllInOne, { pictures }: DataDirectory): Promise<string | undefined> {
  const { topics } = registry.get(DEFAULT_COLLECTION)
  const isEmpty = (await log.ends(topics.images)).every(end => end === 0)
  let example: string | undefined
  for await (const { id, bytes, labels } of drawnPictures()) {
    const file = join(pictures, id)
    example ??= file
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
    if (isEmpty) await log.append([{ topic: topics.images, key: Buffer.from(id), value: bytes, headers: writeImageHeaders({ labels, metadata: {}, uri: '', capturedAtMs: undefined }) }])
  }
  return example
}
