import { HammingbirdError } from '../../../errors.js'
import type { KeyValue } from '../../../kv/key-value.js'
import { FAMILIES } from './families.js'

/** Grows when rows change so that an older release would misread them, or a newer one cannot read the old. */
const FORMAT = 2

/**
 * The row that says what the directory is: the key is one byte 0, the first of all keys.
 *
 *     byte   0-13  "hammingbird/ix", ASCII
 *            14-15 format          u16
 */
const ROW = Buffer.concat([Buffer.from('hammingbird/ix', 'ascii'), Buffer.from([FORMAT >> 8, FORMAT & 0xff])])
const KEY = Buffer.from([FAMILIES.format])

/**
 * Checks that a directory is ours and of our format; an empty one becomes so.
 *
 * @throws HammingbirdError `HAMMINGBIRD_FORMAT` when it is another's, or of another format.
 */
export async function checkFormat (kv: KeyValue): Promise<void> {
  const row = await kv.get(KEY)
  if (row === undefined) {
    for await (const _ of kv.iterate({}, { limit: 1, values: false })) throw new HammingbirdError('HAMMINGBIRD_FORMAT', 'the directory has data that is no index of ours')
    return kv.write([{ type: 'put', key: KEY, value: ROW }], { sync: true })
  }
  if (row.length !== ROW.length || !row.subarray(0, 14).equals(ROW.subarray(0, 14))) throw new HammingbirdError('HAMMINGBIRD_FORMAT', 'the directory is no index of ours')
  const format = row.readUInt16BE(14)
  if (format !== FORMAT) throw new HammingbirdError('HAMMINGBIRD_FORMAT', `the index has format ${format}, this release reads ${FORMAT}`)
}
