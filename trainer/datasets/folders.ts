import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { HammingbirdError } from '../../errors.js'
import { labelsOfClasses } from '../labels.js'
import type { PictureList } from './dataset.js'

/** Files with another ending are passed over: a folder of pictures often holds a README. */
const PICTURE = /\.(jpe?g|png|webp|gif|avif|tiff?)$/i

/**
 * Lists the pictures of a directory whose folders are the classes: `root/CLASS/…/picture.jpg`. Classes and files come by
 * name, hidden ones are passed over, and folders inside a class belong to it.
 *
 * @throws HammingbirdError `HAMMINGBIRD_NOT_FOUND` when no folder holds a picture.
 */
export async function folders (root: string): Promise<PictureList> {
  const found = await readdir(root, { withFileTypes: true }).catch(() => [])
  const candidates = found.filter(entry => entry.isDirectory() && !entry.name.startsWith('.')).map(entry => entry.name).sort()
  const classes: { readonly name: string, readonly files: readonly string[] }[] = []
  for (const name of candidates) {
    const files = (await readdir(join(root, name), { recursive: true, withFileTypes: true }))
      .filter(entry => entry.isFile() && PICTURE.test(entry.name) && !entry.name.startsWith('.'))
      .map(entry => join(entry.parentPath, entry.name))
      .sort()
    if (files.length > 0) classes.push({ name, files })
  }
  if (classes.length === 0) throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `no folder in ${root} holds a picture`)
  return {
    files: classes.flatMap(({ files }) => files),
    labels: labelsOfClasses(classes.flatMap(({ files }, c) => files.map(() => c)), classes.length),
    names: classes.map(({ name }) => name)
  }
}
