import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HammingbirdError } from '../../errors.js'
import { labelsOfLists } from '../labels.js'
import type { Divided, PictureList } from './dataset.js'

/**
 * Reads Corel5K (P. Duygulu et al. Object Recognition as Machine Translation. ECCV 2002) in the form of our evaluation data:
 * `words.txt` with a word a line, and `labels.tsv` with id, split (train, test or none) and words. An image without words is in neither part.
 *
 * @param images the directory of `ID.jpeg`.
 * @throws HammingbirdError `HAMMINGBIRD_NOT_FOUND` when it is not there, `HAMMINGBIRD_FORMAT` for a word that is not on the list.
 */
export async function corel5k (directory: string, images: string): Promise<Divided<PictureList>> {
  if (!existsSync(join(directory, 'labels.tsv'))) throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `no Corel5K in ${directory}: it has no labels.tsv`)
  const names = (await readFile(join(directory, 'words.txt'), 'utf8')).split('\n').filter(word => word !== '')
  const at = new Map(names.map((word, i) => [word, i]))
  const rows = (await readFile(join(directory, 'labels.tsv'), 'utf8')).split('\n').slice(1).filter(line => line !== '').map(line => {
    const [id = '', split = '', words = ''] = line.split('\t')
    return { file: join(images, `${id}.jpeg`), split, labels: words.split(',').filter(word => word !== '').map(word => numberOf(at, word)) }
  })
  const part = (split: string): PictureList => {
    const own = rows.filter(row => row.split === split && row.labels.length > 0)
    return { files: own.map(row => row.file), labels: labelsOfLists(own.map(row => row.labels), names.length), names }
  }
  return { train: part('train'), test: part('test') }
}

function numberOf (words: ReadonlyMap<string, number>, word: string): number {
  const at = words.get(word)
  if (at === undefined) throw new HammingbirdError('HAMMINGBIRD_FORMAT', `Corel5K: the word ${JSON.stringify(word)} is not in words.txt`)
  return at
}
