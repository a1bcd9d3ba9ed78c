import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import sharp from 'sharp'
import { HammingbirdError } from '../errors.js'

const evaluationData = resolve(process.env['HAMMINGBIRD_EVALUATION_DATA'] ?? join(import.meta.dirname, '../../../shared/data'))

/** So many different CIFAR-10 pictures as PNG files of about 2.3 KB. @throws HammingbirdError `HAMMINGBIRD_NOT_FOUND` without the evaluation data. */
export async function cifarFiles (count: number): Promise<readonly Buffer[]> {
  const folder = join(evaluationData, 'cifar10')
  if (!existsSync(folder)) throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `this question is asked with CIFAR-10 pictures, and ${folder} is not there: set HAMMINGBIRD_EVALUATION_DATA`)
  const { decodeCifar } = await import(pathToFileURL(join(folder, 'decode.mjs')).href) as { decodeCifar: (path: string) => { readonly pixels: Uint8Array } }
  const files: Buffer[] = []
  for (let part = 1; part <= 5 && files.length < count; part++) {
    const { pixels } = decodeCifar(join(folder, `train_${part}.bin.br`))
    for (let at = 0; at < pixels.length && files.length < count; at += 3072) {
      files.push(await sharp(pixels.subarray(at, at + 3072), { raw: { width: 32, height: 32, channels: 3 } }).png().toBuffer())
    }
  }
  return files
}
