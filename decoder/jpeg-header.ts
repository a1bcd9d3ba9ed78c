/** What a JPEG file says before its pixels begin. */
export interface JpegHeader {
  readonly width: number
  readonly height: number
  /** Grey or YCbCr of 8 bits, with nothing in the file but the pixels: no profile, rotation, thumbnail, comment, or bytes after the end. */
  readonly plain: boolean
}

/** Marker segments that only describe how the pixels are coded: tables, restart interval, start of scan, JFIF. */
const CODING = new Set([0xc4, 0xcc, 0xda, 0xdb, 0xdd, 0xe0])

/** Reads the segments of a JPEG file up to its first scan. @returns undefined where they are not in order. */
export function readJpegHeader (bytes: Uint8Array): JpegHeader | undefined {
  let size: { readonly width: number, readonly height: number, readonly simple: boolean } | undefined
  let plain = bytes[bytes.length - 2] === 0xff && bytes[bytes.length - 1] === 0xd9
  for (let at = 2; at + 4 <= bytes.length;) {
    if (bytes[at] !== 0xff) return undefined
    const marker = bytes[at + 1]!
    if (marker === 0xff) { // fill byte
      at++
      continue
    }
    const length = bytes[at + 2]! << 8 | bytes[at + 3]!
    if (length < 2 || at + 2 + length > bytes.length) return undefined
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      if (length < 8 || size !== undefined) return undefined
      const components = bytes[at + 9]!
      size = {
        height: bytes[at + 5]! << 8 | bytes[at + 6]!,
        width: bytes[at + 7]! << 8 | bytes[at + 8]!,
        simple: bytes[at + 4] === 8 && marker <= 0xc2 && (components === 1 || components === 3)
      }
    } else if (!CODING.has(marker)) {
      plain = false
    }
    // A height of 0 is one that follows the scan; libvips knows.
    if (marker === 0xda) return size === undefined || size.height === 0 ? undefined : { width: size.width, height: size.height, plain: plain && size.simple }
    at += 2 + length
  }
  return undefined
}
