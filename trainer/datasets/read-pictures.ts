import { readFile } from 'node:fs/promises'
import type { Decoder } from '../../decoder/decoder.js'
import { inputBytes } from '../../encoder/encoder.js'
import type { ErrorCode } from '../../errors.js'
import type { PictureInput } from '../../registry/manifest.js'
import { labelsAt } from '../labels.js'
import type { PictureList, PixelSet } from './dataset.js'

/** A file of a list that gave no picture. */
export interface UnreadFile {
  readonly file: string
  readonly refused: ErrorCode
  readonly message: string
}

/** Files decoded at once: bounds what is in memory beside the pixels. */
const AT_ONCE = 64

/**
 * Reads and decodes a list into memory, by the way an image takes to the index (the canonical picture first), so that what is
 * learned from is what is searched. Files that cannot be decoded are left out and named; a file that is not there throws.
 */
export async function readPictures (list: PictureList, input: PictureInput, decoder: Decoder): Promise<{ set: PixelSet, unread: readonly UnreadFile[] }> {
  const bytes = inputBytes(input)
  const pixels = new Uint8Array(list.files.length * bytes)
  const kept: number[] = []
  const unread: UnreadFile[] = []
  for (let from = 0; from < list.files.length; from += AT_ONCE) {
    const files = list.files.slice(from, from + AT_ONCE)
    const pictures = await decoder.canonical(await Promise.all(files.map(file => readFile(file))))
    const readable = pictures.flatMap((picture, i) => {
      if ('bytes' in picture) return [{ i, bytes: picture.bytes }]
      unread.push({ file: files[i]!, ...picture })
      return []
    })
    const decoded = await decoder.pixels(readable.map(picture => picture.bytes), input)
    for (const [at, result] of decoded.entries()) {
      const { i } = readable[at]!
      if (result instanceof Uint8Array) {
        pixels.set(result, kept.length * bytes)
        kept.push(from + i)
      } else unread.push({ file: files[i]!, ...result })
    }
  }
  const set = { count: kept.length, width: input.width, height: input.height, pixels: pixels.subarray(0, kept.length * bytes), labels: labelsAt(list.labels, kept), names: list.names }
  return { set, unread }
}
