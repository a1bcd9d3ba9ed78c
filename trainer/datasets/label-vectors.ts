import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { HammingbirdError } from '../../errors.js'
import { labelsOfLists } from '../labels.js'
import type { PictureList } from './dataset.js'

/**
 * Reads a list of `path 0 1 0 …`, a line an image: the form in which deep-hash code passes its divisions on. Plain or gzip.
 *
 * @param names what the labels are called. @default their numbers
 * @throws HammingbirdError `HAMMINGBIRD_FORMAT` for a line of another length, or with something else than 0 and 1.
 */
export async function labelVectors (file: string, names?: readonly string[]): Promise<PictureList> {
  const bytes = await readFile(file)
  const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8')
  const rows = text.split('\n').map(line => line.trim()).filter(line => line !== '').map(line => line.split(/\s+/))
  const classes = (rows[0]?.length ?? 1) - 1
  const lists = rows.map((row, i) => {
    if (row.length !== classes + 1 || row.slice(1).some(value => value !== '0' && value !== '1')) {
      throw new HammingbirdError('HAMMINGBIRD_FORMAT', `${file}: line ${i + 1} is no path with ${classes} values of 0 or 1`)
    }
    return row.flatMap((value, at) => at > 0 && value === '1' ? [at - 1] : [])
  })
  if (names !== undefined && names.length !== classes) throw new HammingbirdError('HAMMINGBIRD_FORMAT', `${file} has ${classes} labels, ${names.length} are named`)
  return { files: rows.map(row => row[0]!), labels: labelsOfLists(lists, classes), names: names ?? Array.from({ length: classes }, (_, c) => String(c)) }
}
