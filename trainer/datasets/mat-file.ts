import { inflateSync } from 'node:zlib'
import { HammingbirdError } from '../../errors.js'

/** A numeric array of a MATLAB file; the first dimension runs fastest. */
export interface MatArray {
  readonly dims: readonly number[]
  readonly data: Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array
}

const types = { 1: Int8Array, 2: Uint8Array, 3: Int16Array, 4: Uint16Array, 5: Int32Array, 6: Uint32Array, 7: Float32Array, 9: Float64Array } as const
const MATRIX = 14
const COMPRESSED = 15
/** Array classes that hold numbers: double … uint32 (MAT-File Format, table 1-3). */
const NUMERIC = new Set([6, 7, 8, 9, 10, 11, 12, 13])

/**
 * Reads the numeric arrays of a MATLAB level 5 file (MathWorks, MAT-File Format, version 5), compressed or not, by name.
 * Cells, structures, text and sparse arrays are passed over.
 *
 * @throws HammingbirdError `HAMMINGBIRD_FORMAT` for another level (7.3 is HDF5), another byte order, or a damaged file.
 */
export function readMatFile (bytes: Buffer): ReadonlyMap<string, MatArray> {
  if (bytes.length < 128 || !bytes.toString('latin1', 0, 19).startsWith('MATLAB 5.0')) throw refused('it is no MATLAB level 5 file')
  if (bytes.toString('latin1', 126, 128) !== 'IM') throw refused('its byte order is not little-endian')
  const arrays = new Map<string, MatArray>()
  try {
    for (const element of elements(bytes.subarray(128))) {
      const matrix = element.type === COMPRESSED ? [...elements(inflateSync(element.data))][0] : element
      if (matrix?.type === MATRIX) readMatrix(matrix.data, arrays)
    }
  } catch (cause) {
    if (cause instanceof HammingbirdError) throw cause
    throw refused('it ends too soon, or is damaged', cause)
  }
  return arrays
}

interface Element {
  readonly type: number
  readonly data: Buffer
}

function * elements (bytes: Buffer): Generator<Element> {
  for (let at = 0; at + 8 <= bytes.length;) {
    const tag = bytes.readUInt32LE(at)
    // Up to four bytes of data may lie in the tag itself: then its upper half is their count.
    const small = tag >>> 16
    const type = small > 0 ? tag & 0xffff : tag
    const length = small > 0 ? small : bytes.readUInt32LE(at + 4)
    const start = small > 0 ? at + 4 : at + 8
    if (start + length > bytes.length) throw refused('it ends too soon')
    yield { type, data: bytes.subarray(start, start + length) }
    at = small > 0 ? at + 8 : start + (type === COMPRESSED ? length : Math.ceil(length / 8) * 8)
  }
}

/** Sub-elements in their fixed order: flags, dimensions, name, real part. */
function readMatrix (bytes: Buffer, into: Map<string, MatArray>): void {
  const parts = elements(bytes)
  const next = (): Element => {
    const { value, done } = parts.next()
    if (done === true) throw refused('an array is not whole')
    return value
  }
  const flags = next().data.readUInt32LE(0)
  if (!NUMERIC.has(flags & 0xff)) return
  const dims = [...typed(next())]
  const name = next().data.toString('latin1')
  const data = typed(next())
  if (data.length !== dims.reduce((product, side) => product * side, 1)) throw refused(`${name} has not as many values as its dimensions say`)
  into.set(name, { dims, data })
}

function typed ({ type, data }: Element): MatArray['data'] {
  const Type = types[type as keyof typeof types]
  if (Type === undefined || data.length % Type.BYTES_PER_ELEMENT !== 0) throw refused(`type ${type} of values is none we read`)
  if (Type === Uint8Array) return data
  return new Type(data.buffer.slice(data.byteOffset, data.byteOffset + data.length) as ArrayBuffer)
}

function refused (why: string, cause?: unknown): HammingbirdError {
  return new HammingbirdError('HAMMINGBIRD_FORMAT', `a .mat file: ${why}`, { cause })
}
