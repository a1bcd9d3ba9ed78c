import { readFile } from 'node:fs/promises'
import { HammingbirdError } from '../../errors.js'
import { labelsOfClasses } from '../labels.js'
import type { PixelSet } from './dataset.js'
import { readMatFile } from './mat-file.js'

/**
 * Reads a file of SVHN's cropped digits, `train_32x32.mat` and its like (Y. Netzer et al. Reading Digits in Natural Images
 * with Unsupervised Feature Learning. 2011): `X` u8 [32, 32, 3, n], first dimension fastest, and `y` [n, 1], 1 … 10, where 10 is the digit 0.
 *
 * @throws HammingbirdError `HAMMINGBIRD_FORMAT` for another file.
 */
export async function svhn (file: string): Promise<PixelSet> {
  const arrays = readMatFile(await readFile(file))
  const [images, digits] = [arrays.get('X'), arrays.get('y')]
  const [height, width, channels, count] = images?.dims ?? []
  if (images === undefined || digits === undefined || channels !== 3 || count === undefined || digits.data.length !== count ||
    !(images.data instanceof Uint8Array) || digits.data.some(digit => digit < 1 || digit > 10)) {
    throw new HammingbirdError('HAMMINGBIRD_FORMAT', `${file}: SVHN has X of u8 [32, 32, 3, n] and y of n digits, 1 to 10`)
  }
  const pixels = new Uint8Array(images.data.length)
  const [w, h] = [width!, height!]
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) {
      for (let x = 0; x < w; x++) {
        const column = h * (x + w * (c + 3 * i))
        for (let y = 0; y < h; y++) pixels[((i * h + y) * w + x) * 3 + c] = images.data[column + y]!
      }
    }
  }
  const classes = Uint8Array.from(digits.data, digit => digit % 10)
  return { count, width: w, height: h, pixels, labels: labelsOfClasses(classes, 10), names: Array.from({ length: 10 }, (_, digit) => String(digit)) }
}
