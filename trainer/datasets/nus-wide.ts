import { existsSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { HammingbirdError } from '../../errors.js'
import { labelsOfLists } from '../labels.js'
import type { PictureList } from './dataset.js'

export interface NusWideOptions {
  /** `all`, or the official division. @default 'all' */
  readonly part?: 'all' | 'train' | 'test'
  /** Keep only this many concepts, those with the most images over all: 21 is the usual choice. @default 81 */
  readonly concepts?: number
  /** Where the images lie, by the paths of the list. @default `Flickr` in the directory */
  readonly images?: string
}

/**
 * Reads NUS-WIDE (T.-S. Chua et al. NUS-WIDE: A Real-World Web Image Database from National University of Singapore. CIVR 2009) as
 * it is given out: `ImageList/Imagelist.txt` with a path a line, and for each concept a file of 0s and 1s, a line an image, in
 * `Groundtruth/AllLabels/Labels_CONCEPT.txt` (the division: `TrainImagelist.txt`, `Groundtruth/TrainTestLabels/Labels_CONCEPT_Train.txt`).
 * Images without any of the concepts are left out, as everyone does. Concepts come by name.
 *
 * @throws HammingbirdError `HAMMINGBIRD_NOT_FOUND` when the lists are not there, `HAMMINGBIRD_FORMAT` when their lengths differ.
 */
export async function nusWide (directory: string, options: NusWideOptions = {}): Promise<PictureList> {
  const { part = 'all', concepts = 81, images = join(directory, 'Flickr') } = options
  const all = join(directory, 'Groundtruth', 'AllLabels')
  if (!existsSync(all)) throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `no NUS-WIDE in ${directory}: it has no Groundtruth/AllLabels`)
  const counted = await Promise.all((await readdir(all))
    .flatMap(file => /^Labels_(.+)\.txt$/.exec(file)?.[1] ?? [])
    .map(async name => ({ name, count: (await column(join(all, `Labels_${name}.txt`))).reduce((sum, has) => sum + has, 0) })))
  const names = counted.toSorted((a, b) => b.count - a.count || compare(a.name, b.name)).slice(0, concepts).map(c => c.name).sort(compare)

  const suffix = part === 'train' ? '_Train' : '_Test'
  const columns = await Promise.all(names.map(name => column(part === 'all'
    ? join(all, `Labels_${name}.txt`)
    : join(directory, 'Groundtruth', 'TrainTestLabels', `Labels_${name}${suffix}.txt`))))
  const list = { all: 'Imagelist.txt', train: 'TrainImagelist.txt', test: 'TestImagelist.txt' }[part]
  const files = lines(await readFile(join(directory, 'ImageList', list), 'utf8')).map(line => line.replaceAll('\\', '/'))
  for (const [i, values] of columns.entries()) {
    if (values.length !== files.length) {
      throw new HammingbirdError('HAMMINGBIRD_FORMAT', `NUS-WIDE: ${list} has ${files.length} images and ${names[i]} ${values.length} labels`)
    }
  }
  const lists = files.map((_, i) => names.flatMap((_, c) => columns[c]![i] === 1 ? [c] : []))
  const kept = lists.flatMap((labels, i) => labels.length > 0 ? [i] : [])
  return { files: kept.map(i => join(images, files[i]!)), labels: labelsOfLists(kept.map(i => lists[i]!), names.length), names }
}

async function column (file: string): Promise<Uint8Array> {
  return Uint8Array.from(lines(await readFile(file, 'utf8')), line => {
    if (line !== '0' && line !== '1') throw new HammingbirdError('HAMMINGBIRD_FORMAT', `${file}: a line is 0 or 1, got ${JSON.stringify(line)}`)
    return Number(line)
  })
}

function lines (text: string): string[] {
  return text.split('\n').map(line => line.trim()).filter(line => line !== '')
}

function compare (a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
