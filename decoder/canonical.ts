import type { Sharp } from 'sharp'
import { HammingbirdError } from '../errors.js'
import { tooManyBytes, type CanonicalPicture, type DecodingLimits } from './decoder.js'
import { formatOf, type Format } from './format.js'
import { readJpegHeader } from './jpeg-header.js'
import { sharp } from './sharp.js'
import { SMALL_SIDE, readSmallPng, writeSmallPng } from './small-png.js'

/** Longest side of a picture that is kept. */
export const LONGEST_SIDE = 256

const JPEG_QUALITY = 90
/** Most bytes of a JPEG that is kept as it came: about twice what one of quality 90 has in the largest size. */
const KEPT_JPEG_BYTES = 48 * 2 ** 10

/**
 * The canonical picture of an image file: first frame, upright, sRGB, 8 bits, alpha on white, longest side at most 256 and
 * never enlarged, by Lanczos3; up to 64 pixels a side as PNG, larger as JPEG of quality 90.
 *
 * A file that has that form already is kept as it came, byte for byte. So `canonical` of a canonical picture is that
 * picture, and what small photographs lose is nothing.
 *
 * Truncated and damaged files are refused (`failOn: 'error'`); what libvips only warns of (odd metadata, trailing bytes)
 * is not: browsers show such files, and so did the camera that made them.
 *
 * @throws HammingbirdError `IMAGE_FORMAT`, `IMAGE_TOO_LARGE`, `IMAGE_TIMEOUT`, `IMAGE_UNREADABLE`.
 */
export async function canonical (bytes: Uint8Array, limits: DecodingLimits): Promise<CanonicalPicture> {
  if (bytes.length > limits.imageBytes) throw new HammingbirdError('HAMMINGBIRD_IMAGE_TOO_LARGE', tooManyBytes(bytes, limits))
  const format = takenFormat(bytes)
  if (format === 'png') {
    const small = readSmallPng(bytes)
    if (small !== undefined) {
      const { width, height, plain } = small
      return { bytes: plain ? bufferOf(bytes) : writeSmallPng(small), width, height, format, originalWidth: width, originalHeight: height }
    }
  }
  try {
    return await byVips(bytes, format, limits)
  } catch (err) {
    throw refusalOf(err, limits)
  }
}

async function byVips (bytes: Uint8Array, format: Format, limits: DecodingLimits): Promise<CanonicalPicture> {
  const jpeg = format === 'jpeg' ? readJpegHeader(bytes) : undefined
  const { width, height } = jpeg ?? declaredSize(bytes, format, limits) ?? await open(bytes, limits).metadata()
  assertPixels(width, height, limits)
  const longest = Math.max(width, height)
  const original = { format, originalWidth: width, originalHeight: height }

  if (jpeg?.plain === true && longest > SMALL_SIDE && longest <= LONGEST_SIDE && bytes.length <= KEPT_JPEG_BYTES) {
    // Decoded all the same: a file that breaks in the middle must not be kept.
    await open(bytes, limits).timeout(seconds(limits)).raw().toBuffer()
    return { bytes: bufferOf(bytes), width, height, ...original }
  }
  const picture = open(bytes, limits)
    .timeout(seconds(limits))
    .autoOrient()
    .resize({ width: LONGEST_SIDE, height: LONGEST_SIDE, fit: 'inside', withoutEnlargement: true, kernel: 'lanczos3' })
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
  const { data, info } = await (longest <= SMALL_SIDE ? picture.raw() : picture.jpeg({ quality: JPEG_QUALITY })).toBuffer({ resolveWithObject: true })
  const kept = longest <= SMALL_SIDE ? writeSmallPng({ width: info.width, height: info.height, pixels: data }) : data
  return { bytes: kept, width: info.width, height: info.height, ...original }
}

/**
 * Width and height as PNG and GIF files give them in a fixed place: a quarter of the time that libvips takes to say so. For a
 * size that is too large libvips is asked all the same: it knows a damaged header.
 */
function declaredSize (bytes: Uint8Array, format: Format, { imagePixels }: DecodingLimits): { width: number, height: number } | undefined {
  const head = bufferOf(bytes)
  if (format === 'png' && head.length >= 24) return within(head.readUInt32BE(16), head.readUInt32BE(20))
  if (format === 'gif' && head.length >= 10) return within(head.readUInt16LE(6), head.readUInt16LE(8))
  return undefined

  function within (width: number, height: number): { width: number, height: number } | undefined {
    return width * height > imagePixels ? undefined : { width, height }
  }
}

function open (bytes: Uint8Array, { imagePixels }: DecodingLimits): Sharp {
  return sharp(bytes, { failOn: 'error', limitInputPixels: imagePixels, pages: 1 })
}

function takenFormat (bytes: Uint8Array): Format {
  const format = formatOf(bytes)
  if (format === undefined) throw new HammingbirdError('HAMMINGBIRD_IMAGE_UNREADABLE', bytes.length === 0 ? 'the image is empty' : 'the bytes begin as no image we know')
  if (typeof format === 'object') throw new HammingbirdError('HAMMINGBIRD_IMAGE_FORMAT', `${format.refused} is not taken; JPEG, PNG, WebP, GIF, AVIF and TIFF are`)
  return format
}

function assertPixels (width: number, height: number, { imagePixels }: DecodingLimits): void {
  if (width * height > imagePixels) throw new HammingbirdError('HAMMINGBIRD_IMAGE_TOO_LARGE', `${width} × ${height} pixels, at most ${imagePixels} are taken`)
}

function refusalOf (err: unknown, { decodeMs, imagePixels }: DecodingLimits): HammingbirdError {
  if (err instanceof HammingbirdError) return err
  const message = firstWords(err instanceof Error ? err.message : String(err))
  if (message.includes('exceeds pixel limit')) return new HammingbirdError('HAMMINGBIRD_IMAGE_TOO_LARGE', `more pixels than the ${imagePixels} that are taken`, { cause: err })
  if (message.startsWith('timeout')) return new HammingbirdError('HAMMINGBIRD_IMAGE_TIMEOUT', `decoding took longer than ${decodeMs} ms`, { cause: err })
  return new HammingbirdError('HAMMINGBIRD_IMAGE_UNREADABLE', `the file is damaged or cut short: ${message}`, { cause: err })
}

/** libvips begins with the name of a function, tells a story over several lines, or ends at a colon that nothing follows. */
function firstWords (text: string): string {
  const [first = '', second = ''] = text.split('\n').map(line => line.trim()).filter(line => line !== '')
  return (first.endsWith(':') ? `${first} ${second}` : first).replace(/^Input buffer has corrupt header: (?=\S)/, '').replace(/^(?:\w*(?:load|vips)\w*|source|webp): /i, '').replace(/[:\s]+$/, '')
}

function seconds ({ decodeMs }: DecodingLimits): { seconds: number } {
  return { seconds: Math.ceil(decodeMs / 1_000) }
}

function bufferOf (bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
