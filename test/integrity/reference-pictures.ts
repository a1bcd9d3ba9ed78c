import sharp from 'sharp'
import { canonical } from '../../decoder/canonical.js'
import { DECODING_LIMITS } from '../../decoder/decoder.js'
import { pixelsOf } from '../../decoder/pixels.js'
import { classicalModel, manifestV0 } from '../../encoder/classical.js'
import { cifar } from '../fixtures/evaluation-data.js'

/** A PNG file, and the code that version 0 makes of it. */
export interface Picture {
  readonly png: Buffer
  readonly code: Uint8Array
}

/** CIFAR-10 pictures as PNG files, each with the code of 64 bits that version 0 makes of it: computed here, in a plain loop. */
export async function referencePictures (count: number): Promise<readonly Picture[]> {
  const { pixels } = await cifar('train_1')
  const model = classicalModel(manifestV0(64))
  const { input } = manifestV0(64)
  const pictures: Picture[] = []
  for (let i = 0; i < count; i++) {
    const png = await sharp(pixels.subarray(i * 3072, (i + 1) * 3072), { raw: { width: 32, height: 32, channels: 3 } }).png().toBuffer()
    const { bytes } = await canonical(png, DECODING_LIMITS)
    const { codes } = await model.encode(await pixelsOf(bytes, input), 1, {}, async () => undefined)
    pictures.push({ png, code: codes })
  }
  return pictures
}
