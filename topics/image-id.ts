import { createHash } from 'node:crypto'
import { HammingbirdError } from '../errors.js'

const MAX_ID_BYTES = 512
const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * The image id that a key is: UTF-8, 1 to 512 bytes, no control characters. So no id can be a reserved key, and every
 * id can be printed.
 *
 * @throws HammingbirdError `HAMMINGBIRD_IMAGE_ID`, saying what is wrong with it.
 */
export function imageIdOf (key: Uint8Array): string {
  if (key.length === 0 || key.length > MAX_ID_BYTES) {
    throw new HammingbirdError('HAMMINGBIRD_IMAGE_ID', `an image id has 1 to ${MAX_ID_BYTES} bytes, this one has ${key.length}`)
  }
  let id: string
  try {
    id = decoder.decode(key)
  } catch (cause) {
    throw new HammingbirdError('HAMMINGBIRD_IMAGE_ID', 'an image id is UTF-8, this one is not', { cause })
  }
  if (/\p{Cc}/u.test(id)) throw new HammingbirdError('HAMMINGBIRD_IMAGE_ID', 'an image id has no control characters')
  return id
}

/** The id of an image that came without one: the same bytes are the same image. */
export function idOfBytes (image: Uint8Array): string {
  return `sha256-${createHash('sha256').update(image).digest('hex').slice(0, 32)}`
}
