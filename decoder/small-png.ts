import { constants, crc32, deflateSync, inflateSync } from 'node:zlib'

/** Pixels: u8 [height, width, 3], RGB. */
export interface Rgb {
  readonly width: number
  readonly height: number
  readonly pixels: Uint8Array
}

/** Pictures up to this side are kept as PNG. */
export const SMALL_SIDE = 64

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
/** Chunks that say nothing about the pixels, as libvips reads them; and those of them that may be kept: they are small, and tell nothing. */
const IGNORED = new Set(['gAMA', 'cHRM', 'sRGB', 'pHYs', 'tEXt', 'zTXt', 'iTXt', 'tIME', 'bKGD', 'sBIT', 'hIST'])
const HARMLESS = new Set(['sRGB', 'pHYs', 'sBIT'])

/**
 * Reads a PNG file of a simple kind: at most 64 pixels a side, 8 bits, grey or RGB, not interlaced, without profile,
 * transparency, rotation or animation. libvips needs twenty times as long for so small a picture.
 *
 * @returns undefined for every other file, a damaged one included: then libvips says what it is. `plain`: the file holds
 * the pixels and nothing else worth telling.
 */
export function readSmallPng (file: Uint8Array): (Rgb & { readonly plain: boolean }) | undefined {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length)
  if (bytes.length < 57 || !bytes.subarray(0, 8).equals(SIGNATURE)) return undefined
  let header: { width: number, height: number, channels: number } | undefined
  let plain = true
  const data: Buffer[] = []
  for (let at = 8; ;) {
    if (at + 12 > bytes.length) return undefined
    const length = bytes.readUInt32BE(at)
    const end = at + 12 + length
    if (end > bytes.length || crc32(bytes.subarray(at + 4, end - 4)) !== bytes.readUInt32BE(end - 4)) return undefined
    const type = bytes.toString('latin1', at + 4, at + 8)
    const body = bytes.subarray(at + 8, end - 4)
    if (type === 'IHDR') {
      if (header !== undefined || (header = simpleHeader(body)) === undefined) return undefined
    } else if (header === undefined) {
      return undefined
    } else if (type === 'IDAT') {
      data.push(body)
    } else if (type === 'IEND') {
      plain &&= length === 0 && end === bytes.length
      break
    } else if (IGNORED.has(type)) {
      plain &&= HARMLESS.has(type) && length <= 9
    } else {
      return undefined
    }
    at = end
  }
  const { width, height, channels } = header
  const lineBytes = width * channels + 1
  let lines: Uint8Array
  try {
    lines = inflateSync(data.length === 1 ? data[0]! : Buffer.concat(data), { maxOutputLength: lineBytes * height })
  } catch {
    return undefined
  }
  if (lines.length !== lineBytes * height || !unfilter(lines, lineBytes, channels)) return undefined
  return { width, height, pixels: rgbOf(lines, width, height, channels), plain }
}

/** Writes pixels as a PNG file that `readSmallPng` reads, and calls plain. */
export function writeSmallPng ({ width, height, pixels }: Rgb): Buffer {
  const lineBytes = width * 3 + 1
  const lines = Buffer.alloc(lineBytes * height)
  for (let y = 0; y < height; y++) filterLine(pixels, y, width * 3, lines.subarray(y * lineBytes, (y + 1) * lineBytes))
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const data = deflateSync(lines, { level: 6, strategy: constants.Z_FILTERED })
  return Buffer.concat([SIGNATURE, ...chunk('IHDR', header), ...chunk('IDAT', data), ...chunk('IEND', Buffer.alloc(0))])
}

function simpleHeader (body: Buffer): { width: number, height: number, channels: number } | undefined {
  if (body.length !== 13) return undefined
  const width = body.readUInt32BE(0)
  const height = body.readUInt32BE(4)
  const [depth, colour, compression, filter, interlace] = body.subarray(8)
  if (width < 1 || height < 1 || width > SMALL_SIDE || height > SMALL_SIDE) return undefined
  if (depth !== 8 || (colour !== 0 && colour !== 2) || compression !== 0 || filter !== 0 || interlace !== 0) return undefined
  return { width, height, channels: colour === 0 ? 1 : 3 }
}

/** Undoes the filters of all lines where they lie. @returns false where a line names a filter that does not exist. */
function unfilter (lines: Uint8Array, lineBytes: number, step: number): boolean {
  for (let start = 0; start < lines.length; start += lineBytes) {
    const filter = lines[start]!
    if (filter > 4) return false
    const first = start + 1
    const second = first + step
    const end = start + lineBytes
    if (filter === 0) continue
    // What lies above the first line and left of the first pixel counts as 0; so there, Paeth is up or left.
    if (start === 0 && filter > 1) {
      if (filter === 4) for (let at = second; at < end; at++) lines[at]! += lines[at - step]!
      if (filter === 3) for (let at = second; at < end; at++) lines[at]! += lines[at - step]! >> 1
    } else if (filter === 1) {
      for (let at = second; at < end; at++) lines[at]! += lines[at - step]!
    } else if (filter === 2) {
      for (let at = first; at < end; at++) lines[at]! += lines[at - lineBytes]!
    } else if (filter === 3) {
      for (let at = first; at < second; at++) lines[at]! += lines[at - lineBytes]! >> 1
      for (let at = second; at < end; at++) lines[at]! += (lines[at - step]! + lines[at - lineBytes]!) >> 1
    } else {
      for (let at = first; at < second; at++) lines[at]! += lines[at - lineBytes]!
      for (let at = second; at < end; at++) lines[at]! += paeth(lines[at - step]!, lines[at - lineBytes]!, lines[at - lineBytes - step]!)
    }
  }
  return true
}

function paeth (left: number, up: number, upLeft: number): number {
  const a = up - upLeft
  const b = left - upLeft
  const toLeft = a < 0 ? -a : a
  const toUp = b < 0 ? -b : b
  const toUpLeft = a + b < 0 ? -a - b : a + b
  return toLeft <= toUp && toLeft <= toUpLeft ? left : toUp <= toUpLeft ? up : upLeft
}

function rgbOf (lines: Uint8Array, width: number, height: number, channels: number): Uint8Array {
  const pixels = new Uint8Array(width * height * 3)
  const lineBytes = width * channels + 1
  for (let y = 0; y < height; y++) {
    const line = lines.subarray(y * lineBytes + 1, (y + 1) * lineBytes)
    if (channels === 3) pixels.set(line, y * width * 3)
    else for (let x = 0; x < width; x++) pixels.fill(line[x]!, (y * width + x) * 3, (y * width + x + 1) * 3)
  }
  return pixels
}

/** Paeth on every line but the first: for pictures this small, trying all five filters gains 1 % and costs as much as the rest. */
function filterLine (pixels: Uint8Array, y: number, rowBytes: number, out: Uint8Array): void {
  const row = y * rowBytes
  out[0] = y === 0 ? 1 : 4
  for (let x = 0; x < rowBytes; x++) {
    const left = x >= 3 ? pixels[row + x - 3]! : 0
    const guess = y === 0 ? left : paeth(left, pixels[row + x - rowBytes]!, x >= 3 ? pixels[row + x - rowBytes - 3]! : 0)
    out[x + 1] = pixels[row + x]! - guess
  }
}

function chunk (type: string, body: Buffer): readonly Buffer[] {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(body.length, 0)
  head.write(type, 4, 'latin1')
  const tail = Buffer.alloc(4)
  tail.writeUInt32BE(crc32(body, crc32(head.subarray(4))), 0)
  return [head, body, tail]
}
