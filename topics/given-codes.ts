import { HammingbirdError } from '../errors.js'
import type { Headers, LogRecord } from '../log/log.js'
import { GivenCodes } from '../proto/gen/hammingbird/v1/log.js'
import { VERSION_NAME } from './names.js'

/** The codes of an image that comes without its bytes, by version name. */
export type CodesByVersion = Readonly<Record<string, Uint8Array>>

/** Marks a message in C.images whose value is codes made elsewhere, and no image file. */
export const GIVEN_CODES = 'hammingbird-given-codes'

/** Most versions that one message has codes of. */
export const MOST_GIVEN_CODES = 64

/** What stands in C.images under an id that comes with codes alone: `headers` are to be added to what is said of it. */
export function givenCodesMessage (codes: CodesByVersion): { readonly value: Buffer, readonly headers: Headers } {
  const bytes = Object.fromEntries(Object.entries(codes).map(([version, code]) => [version, Buffer.from(code)]))
  return { value: Buffer.from(GivenCodes.encode({ codes: bytes }).finish()), headers: { [GIVEN_CODES]: Buffer.from('1') } }
}

/** Whether an item came as codes alone: its image was never there to be measured, let alone shown. */
export function cameAsCodes ({ width }: { readonly width: number }): boolean {
  return width === 0
}

export function hasGivenCodes ({ headers }: Pick<LogRecord, 'headers'>): boolean {
  return headers[GIVEN_CODES] !== undefined
}

/** Anyone may write to C.images. @throws HammingbirdError `HAMMINGBIRD_INVALID` for what the server would not have written. */
export function readGivenCodes (value: Buffer): Record<string, Buffer> {
  let codes: Record<string, Buffer> = {}
  try {
    codes = GivenCodes.decode(value).codes
  } catch {
    // No message of that kind: it has no codes either.
  }
  const entries = Object.entries(codes)
  const right = entries.length > 0 && entries.length <= MOST_GIVEN_CODES && entries.every(([version, { length }]) => VERSION_NAME.test(version) && length >= 2 && length <= 128)
  if (!right) throw new HammingbirdError('HAMMINGBIRD_INVALID', `a message with the header ${GIVEN_CODES} has codes of 2 to 128 bytes under names of versions, this one has not`)
  return codes
}
