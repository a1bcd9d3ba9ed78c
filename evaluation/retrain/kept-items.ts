import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readSafetensors, writeSafetensors, type Tensors } from '../../encoder/safetensors.js'
import { HammingbirdError } from '../../errors.js'
import { labelsOf, labelsOfLists } from '../../trainer/labels.js'
import { codeSet } from '../code-set.js'
import type { LabelledItems } from './labelled-items.js'

const NAME = 'items.safetensors'
const ABOUT = 'items.json'

/** Keeps what a run learns from: a run that is taken up goes on with what it began with, though the server has more by then. */
export async function keepItems (directory: string, { pictures, heldOut, live, codes }: LabelledItems): Promise<void> {
  const { count, width, height, pixels, labels, names } = pictures
  await mkdir(directory, { recursive: true })
  const tensors: Tensors = new Map([
    ['pixels', { shape: [count, height, width, 3], data: pixels }],
    ['held', { shape: [count], data: Uint8Array.from(heldOut, out => out ? 1 : 0) }],
    ['codes', { shape: [count, codes.bits / 8], data: codes.bytes }]
  ])
  await writeFile(join(directory, ABOUT), JSON.stringify({ live, names, labels: Array.from({ length: count }, (_, i) => labelsOf(labels, i)) }))
  await writeFile(join(directory, `${NAME}.fresh`), writeSafetensors(tensors))
  await rename(join(directory, `${NAME}.fresh`), join(directory, NAME))
}

/** What was kept; undefined where nothing was, or not all of it. */
export async function keptItems (directory: string): Promise<LabelledItems | undefined> {
  const file = await readFile(join(directory, NAME)).catch((err: NodeJS.ErrnoException) => {
    if (err.code === 'ENOENT') return undefined
    throw new HammingbirdError('HAMMINGBIRD_STORAGE', `${directory}: ${err.message}`, { cause: err })
  })
  if (file === undefined) return undefined
  const { live, names, labels } = JSON.parse(await readFile(join(directory, ABOUT), 'utf8')) as { live: string, names: string[], labels: number[][] }
  const tensors = readSafetensors(file)
  const { shape: [count, height, width], data: pixels } = tensors.get('pixels')!
  const codes = tensors.get('codes')!
  return {
    pictures: { count: count!, width: width!, height: height!, pixels: pixels as Uint8Array, labels: labelsOfLists(labels, names.length), names },
    heldOut: Array.from(tensors.get('held')!.data, out => out === 1),
    live,
    codes: codeSet(codes.data as Uint8Array, 8 * codes.shape[1]!)
  }
}
