import { FAMILIES } from './families.js'

/**
 *     byte   0     0x49 'I'    canonical pictures: the value is the WebP file
 *            1-4   collection  u32
 *            5-    id          UTF-8, to the end
 */
export function encodePictureKey (collection: number, id: string): Buffer {
  const key = Buffer.allocUnsafe(5 + Buffer.byteLength(id))
  key[0] = FAMILIES.picture
  key.writeUInt32BE(collection, 1)
  key.write(id, 5, 'utf8')
  return key
}
