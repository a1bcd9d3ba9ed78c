/** Image formats that are taken. What a file is, its first bytes say; what it is called, nobody asks. */
export type Format = 'jpeg' | 'png' | 'webp' | 'gif' | 'avif' | 'tiff'

/** First bytes as latin-1. RIFF and ISO media files are told apart by what follows. */
const TAKEN: readonly (readonly [format: Format, ...heads: string[]])[] = [
  ['jpeg', '\xff\xd8\xff'],
  ['png', '\x89PNG\r\n\x1a\n'],
  ['gif', 'GIF87a', 'GIF89a'],
  ['tiff', 'II*\0', 'II+\0', 'MM\0*', 'MM\0+']
]

/** Known and not taken: a message that names the format helps more than "unreadable". */
const REFUSED: readonly (readonly [name: string, ...heads: string[]])[] = [
  ['BMP', 'BM'],
  ['ICO', '\0\0\x01\0', '\0\0\x02\0'],
  ['PDF', '%PDF'],
  ['PSD', '8BPS'],
  ['JPEG XL', '\xff\x0a', '\0\0\0\x0cJXL '],
  ['JPEG 2000', '\0\0\0\x0cjP  ', '\xff\x4f\xff\x51'],
  ['OpenEXR', 'v/1\x01'],
  ['Radiance HDR', '#?RADIANCE'],
  ['PNM', ...[...'1234567'].flatMap(n => [`P${n}\n`, `P${n} `])]
]

/**
 * What an image file is, by its first bytes.
 *
 * @returns a format that is taken; `{ refused }` with the name of one that is not; undefined for what is no image we know.
 */
export function formatOf (bytes: Uint8Array): Format | { readonly refused: string } | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 256)).toString('latin1')
  const begins = ([, ...heads]: readonly [string, ...string[]]) => heads.some(known => head.startsWith(known))
  const taken = TAKEN.find(begins)
  if (taken !== undefined) return taken[0]
  if (head.startsWith('RIFF') && head.startsWith('WEBP', 8)) return 'webp'
  if (head.startsWith('ftyp', 4)) return isAvif(head) ? 'avif' : { refused: 'an ISO media file other than AVIF (HEIC, MP4)' }
  const refused = REFUSED.find(begins)?.[0] ?? (/^\W*<(?:\?xml|!--|!doctype svg|svg)/i.test(head) ? 'SVG' : undefined)
  return refused === undefined ? undefined : { refused }
}

/** The `ftyp` box: its size, `ftyp`, the major brand, a version, and the brands the file is compatible with. */
function isAvif (head: string): boolean {
  const boxBytes = Buffer.from(head.slice(0, 4), 'latin1').readUInt32BE()
  for (let at = 8; at + 4 <= Math.min(boxBytes, head.length); at += 4) {
    if (at !== 12 && /^avi[fs]$/.test(head.slice(at, at + 4))) return true
  }
  return false
}
