import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { HammingbirdError } from '../../errors.js'
import { labelsOfClasses } from '../labels.js'
import type { Divided, PixelSet } from './dataset.js'
import { PickledArray, readPickle, type Pickled } from './pickle.js'

export const CIFAR10_NAMES = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'] as const
const SIDE = 32
const PLANE = SIDE * SIDE
const BYTES = 3 * PLANE

/** Its forms: what the parts are called, and how one is read. */
const forms: readonly { readonly train: readonly string[], readonly test: string, readonly read: (bytes: Buffer) => Part }[] = [
  { train: [1, 2, 3, 4, 5].map(n => `data_batch_${n}.bin`), test: 'test_batch.bin', read: binaryPart },
  { train: [1, 2, 3, 4, 5].map(n => `data_batch_${n}`), test: 'test_batch', read: picklePart },
  { train: [1, 2, 3, 4, 5].map(n => `train_${n}.bin.br`), test: 'test_lossless.bin.br', read: packedPart }
]

/** Labels, and pixels of u8 [n, 32, 32, 3]. */
interface Part {
  readonly classes: Uint8Array
  readonly pixels: Uint8Array
}

/**
 * Reads CIFAR-10 (A. Krizhevsky. Learning Multiple Layers of Features from Tiny Images. 2009) from a directory, in whichever
 * form it is there: the binary version, the Python version, or the packed one of our evaluation data.
 *
 * @param parts how many of the five training parts to read. @default 5
 * @throws HammingbirdError `HAMMINGBIRD_NOT_FOUND` when no form is whole, `HAMMINGBIRD_FORMAT` for damaged files.
 */
export async function cifar10 (directory: string, parts = 5): Promise<Divided<PixelSet>> {
  const form = forms.find(({ train, test }) => [...train.slice(0, parts), test].every(file => existsSync(join(directory, file))))
  if (form === undefined) {
    throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `no CIFAR-10 in ${directory}: looked for ${forms.map(f => f.train[0]).join(', ')} and the parts beside`)
  }
  const read = async (file: string): Promise<Part> => form.read(await readFile(join(directory, file)))
  return {
    train: joined(await Promise.all(form.train.slice(0, parts).map(read))),
    test: joined([await read(form.test)])
  }
}

/** The binary version: a label byte and three planes an image. */
export function binaryPart (bytes: Buffer): Part {
  const count = records(bytes, BYTES + 1)
  const classes = Uint8Array.from({ length: count }, (_, i) => bytes[i * (BYTES + 1)]!)
  const pixels = new Uint8Array(count * BYTES)
  for (let i = 0; i < count; i++) interleave(bytes.subarray(i * (BYTES + 1) + 1), pixels.subarray(i * BYTES, (i + 1) * BYTES))
  return { classes, pixels }
}

/** The Python version: a pickled dict of `labels` and of `data`, u8 [n, 3072], three planes an image. */
export function picklePart (bytes: Buffer): Part {
  const dict = readPickle(bytes)
  const labels: Pickled | undefined = dict instanceof Map ? dict.get('labels') : undefined
  const data: Pickled | undefined = dict instanceof Map ? dict.get('data') : undefined
  if (!Array.isArray(labels) || !(data instanceof PickledArray) || data.dtype !== 'u1' || data.fortran ||
    data.shape[0] !== labels.length || data.shape[1] !== BYTES || data.data.length !== labels.length * BYTES) {
    throw new HammingbirdError('HAMMINGBIRD_FORMAT', 'a CIFAR-10 batch has labels, and data of u8 [labels, 3072]')
  }
  const pixels = new Uint8Array(data.data.length)
  for (let i = 0; i < labels.length; i++) interleave(data.data.subarray(i * BYTES), pixels.subarray(i * BYTES, (i + 1) * BYTES))
  return { classes: Uint8Array.from(labels as number[]), pixels }
}

/**
 * The packed version: Brotli over all labels, then three planes of all images (G, R − G + 128, B − G + 128), as differences from
 * the median predictor of JPEG-LS, image by image.
 */
export function packedPart (bytes: Buffer): Part {
  const packed = brotliDecompressSync(bytes)
  const count = records(packed, BYTES + 1)
  const planes = new Uint8Array(count * BYTES)
  for (let from = 0; from < planes.length; from += PLANE) {
    for (let at = from; at < from + PLANE; at++) {
      const first = (at - from) % SIDE === 0
      const left = planes[at - 1]!
      const up = planes[at - SIDE]!
      const corner = planes[at - SIDE - 1]!
      const most = left > up ? left : up
      const least = left > up ? up : left
      let predicted = 0
      if (at < from + SIDE) predicted = first ? 0 : left
      else if (first) predicted = up
      else predicted = corner >= most ? least : corner <= least ? most : left + up - corner
      planes[at] = packed[count + at]! + predicted
    }
  }
  const pixels = new Uint8Array(count * BYTES)
  const all = count * PLANE
  for (let i = 0; i < all; i++) {
    const green = planes[i]!
    pixels[3 * i] = planes[all + i]! + green - 128
    pixels[3 * i + 1] = green
    pixels[3 * i + 2] = planes[2 * all + i]! + green - 128
  }
  return { classes: Uint8Array.from(packed.subarray(0, count)), pixels }
}

/** Three planes of one image → RGB. */
function interleave (planes: Uint8Array, into: Uint8Array): void {
  for (let p = 0; p < PLANE; p++) for (let c = 0; c < 3; c++) into[3 * p + c] = planes[c * PLANE + p]!
}

function records (bytes: Buffer, size: number): number {
  if (bytes.length === 0 || bytes.length % size !== 0) {
    throw new HammingbirdError('HAMMINGBIRD_FORMAT', `${bytes.length} bytes are no whole number of CIFAR-10 records of ${size}`)
  }
  return bytes.length / size
}

function joined (parts: readonly Part[]): PixelSet {
  const classes = Uint8Array.from(parts.flatMap(part => [...part.classes]))
  if (classes.some(c => c >= CIFAR10_NAMES.length)) throw new HammingbirdError('HAMMINGBIRD_FORMAT', 'a label of CIFAR-10 is below 10')
  const pixels = Buffer.concat(parts.map(part => part.pixels))
  return { count: classes.length, width: SIDE, height: SIDE, pixels, labels: labelsOfClasses(classes, 10), names: CIFAR10_NAMES }
}
