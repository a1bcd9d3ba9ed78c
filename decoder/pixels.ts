import { HammingbirdError } from '../errors.js'
import type { PictureInput } from '../registry/manifest.js'
import { sharp } from './sharp.js'
import { readSmallPng } from './small-png.js'

/**
 * The pixels of a canonical picture in the form a model wants: u8 [height, width, 3], RGB; by Lanczos3, smaller or larger.
 *
 * @throws HammingbirdError `HAMMINGBIRD_IMAGE_UNREADABLE` for bytes that are no picture.
 */
export async function pixelsOf (picture: Uint8Array, { width, height, fit }: PictureInput): Promise<Uint8Array> {
  const small = readSmallPng(picture)
  if (small?.width === width && small.height === height) return small.pixels
  try {
    const source = small === undefined
      ? sharp(picture, { failOn: 'error' })
      : sharp(small.pixels, { raw: { width: small.width, height: small.height, channels: 3 } })
    const { data, info } = await source
      .resize({ width, height, fit: fit === 'squash' ? 'fill' : 'cover', position: 'centre', kernel: 'lanczos3' })
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true })
    if (info.channels !== 3) throw new TypeError(`a picture of ${info.channels} channels is not canonical`)
    return data
  } catch (cause) {
    throw new HammingbirdError('HAMMINGBIRD_IMAGE_UNREADABLE', cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
