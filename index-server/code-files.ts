import { open, readFile } from 'node:fs/promises'
import { HammingbirdError, invalid } from '../errors.js'

/**
 * Codes as others keep them, most significant bit first, one after the other:
 *
 * - *plain*: nothing else in the file;
 * - *faiss*: an `IndexBinaryFlat` as `faiss.write_index_binary` writes it, little-endian:
 *
 *       byte   0-3    "IBxF"
 *              4-7    bits            i32
 *              8-11   bytes of a code i32
 *              12-19  codes           i64
 *              20     is trained      1
 *              21-24  metric          i32: 1
 *              25-32  bytes of codes  u64, then the codes
 *
 * An `IndexBinaryIDMap` ("IBMp", the same 25 bytes, an index such as this, then the ids) is read too, without its ids.
 */
export type CodeFileFormat = 'plain' | 'faiss'

export interface CodeFile {
  readonly bits: number
  readonly count: number
  readonly codes: Uint8Array
}

const FLAT = 'IBxF'
const WITH_IDS = 'IBMp'
const HEADER_BYTES = 25

/** Writes codes as they come; how many there are is known at the end, and then written where it belongs. @returns how many. */
export async function writeCodeFile (file: string, format: CodeFileFormat, bits: number, codes: AsyncIterable<Uint8Array>): Promise<number> {
  const handle = await open(file, 'w')
  try {
    // appendFile writes all of what it is given, or fails; write may be content with a part where the disk is full.
    if (format === 'faiss') await handle.appendFile(faissHeader(bits, 0))
    let bytes = 0
    for await (const run of codes) {
      await handle.appendFile(run)
      bytes += run.length
    }
    const count = bytes / (bits / 8)
    if (format === 'faiss') await handle.write(faissHeader(bits, count), 0, undefined, 0) // over the one that is there: it needs no room
    return count
  } finally {
    await handle.close()
  }
}

/**
 * @param bits of a plain file, which does not say it itself.
 * @throws HammingbirdError `HAMMINGBIRD_FORMAT` for what is neither.
 */
export async function readCodeFile (file: string, bits?: number): Promise<CodeFile> {
  const bytes = await readFile(file)
  const magic = bytes.toString('latin1', 0, 4)
  if (magic === FLAT) return readFlat(bytes, file)
  if (magic === WITH_IDS) return readFlat(bytes.subarray(HEADER_BYTES), file)
  if (bits === undefined) throw invalid('--bits', `the width of the codes: ${file} is no FAISS index, and a plain file does not say it`)
  if (bytes.length % (bits / 8) !== 0) throw new HammingbirdError('HAMMINGBIRD_FORMAT', `${file} has ${bytes.length} bytes: no whole number of codes of ${bits} bits`)
  return { bits, count: bytes.length / (bits / 8), codes: bytes }
}

function faissHeader (bits: number, count: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES + 8)
  header.write(FLAT, 'latin1')
  header.writeInt32LE(bits, 4)
  header.writeInt32LE(bits / 8, 8)
  header.writeBigInt64LE(BigInt(count), 12)
  header[20] = 1
  header.writeInt32LE(1, 21)
  header.writeBigUInt64LE(BigInt(count * bits / 8), HEADER_BYTES)
  return header
}

function readFlat (bytes: Buffer, file: string): CodeFile {
  const wrong = (what: string): HammingbirdError => new HammingbirdError('HAMMINGBIRD_FORMAT', `${file} is not a FAISS binary index that can be read: ${what}`)
  if (bytes.toString('latin1', 0, 4) !== FLAT) throw wrong('only IndexBinaryFlat is, alone or in an IndexBinaryIDMap')
  if (bytes.length < HEADER_BYTES + 8) throw wrong('it is cut short')
  const bits = bytes.readInt32LE(4)
  const count = Number(bytes.readBigInt64LE(12))
  const codes = bytes.subarray(HEADER_BYTES + 8, HEADER_BYTES + 8 + Number(bytes.readBigUInt64LE(HEADER_BYTES)))
  if (bytes.readInt32LE(8) * 8 !== bits || codes.length * 8 !== count * bits) throw wrong('its codes are not as many as it says')
  return { bits, count, codes }
}
