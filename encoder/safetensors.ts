import { HammingbirdError } from '../errors.js'

/** A block of numbers with a shape, row by row. */
export interface NamedTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array | Int32Array | Int8Array | Uint8Array
}

export type Tensors = ReadonlyMap<string, NamedTensor>

/** Bytes a number takes in each type we read. F16 and BF16 become float32, I64 int32. */
const SIZES: Readonly<Record<string, number>> = { F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I8: 1, U8: 1 }
const MAX_HEADER_BYTES = 16 << 20
const MAX_DIMENSIONS = 8

/**
 * Reads the safetensors format, which is nothing but a length, a JSON header and numbers: nothing in it can run.
 *
 *     byte 0-7   length n of the header, u64, little-endian
 *          8-…   header, JSON: name → { dtype, shape, data_offsets: [begin, end] }
 *          8+n-… the numbers; offsets count from here
 *
 * The header is not believed: every tensor's bytes must be what its shape takes, and together they must cover the data
 * once, without gaps. float32 is not copied where the file has it aligned.
 *
 * @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID`, naming the first thing that is wrong.
 */
export function readSafetensors (file: Uint8Array): Map<string, NamedTensor> {
  if (file.length < 8) throw damaged('it is shorter than its own header')
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const headerBytes = view.getBigUint64(0, true)
  if (headerBytes > BigInt(Math.min(MAX_HEADER_BYTES, file.length - 8))) throw damaged(`its header claims ${headerBytes} bytes`)
  const begin = 8 + Number(headerBytes)

  const entries = parseHeader(file.subarray(8, begin)).map(([name, entry]) => ({ name, ...checkedEntry(name, entry) }))
  let covered = 0
  for (const { name, from, to } of entries.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    if (from !== covered) throw damaged(`${name} begins at ${from}, where ${covered} was due`)
    covered = to
  }
  if (begin + covered !== file.length) throw damaged(`its tensors take ${covered} bytes, it has ${file.length - begin}`)
  return new Map(entries.map(({ name, dtype, shape, from, to }) => [name, { shape, data: numbers(dtype, file.subarray(begin + from, begin + to)) }]))
}

/** Writes tensors in the order of their names, each aligned, so that the same tensors give the same bytes. */
export function writeSafetensors (tensors: Tensors, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  // The widest first: every type then stands on a multiple of its own size without gaps, which the format forbids.
  const sorted = [...tensors].toSorted(([a, x], [b, y]) => y.data.BYTES_PER_ELEMENT - x.data.BYTES_PER_ELEMENT || (a < b ? -1 : 1))
  const header = Object.create(null) as Record<string, unknown> // a tensor may be called __proto__
  if (Object.keys(metadata).length > 0) header['__metadata__'] = metadata
  let end = 0
  for (const [name, { shape, data }] of sorted) {
    if (elements(shape) !== data.length) throw new RangeError(`${name}: a shape of [${shape.join()}] for ${data.length} numbers`)
    header[name] = { dtype: dtypeOf(data), shape, data_offsets: [end, end + data.byteLength] }
    end += data.byteLength
  }
  const json = Buffer.from(JSON.stringify(header))
  const headerBytes = Math.ceil(json.length / 8) * 8
  const file = new Uint8Array(8 + headerBytes + end).fill(0x20, 8, 8 + headerBytes)
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true)
  file.set(json, 8)
  let at = 8 + headerBytes
  for (const [, { data }] of sorted) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return file
}

/** How many numbers a shape holds. */
export function elements (shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1)
}

function parseHeader (bytes: Uint8Array): [string, unknown][] {
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw damaged('its header is no JSON', cause)
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) throw damaged('its header is no object')
  return Object.entries(header).filter(([name]) => name !== '__metadata__')
}

function checkedEntry (name: string, entry: unknown): { dtype: string, shape: number[], from: number, to: number } {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as { dtype?: unknown, shape?: unknown, data_offsets?: unknown }
  const size = typeof dtype === 'string' && Object.hasOwn(SIZES, dtype) ? SIZES[dtype]! : 0
  if (size === 0) throw damaged(`${name} has the type ${JSON.stringify(dtype)}, known are ${Object.keys(SIZES).join(', ')}`)
  const counts = (list: unknown): list is number[] => Array.isArray(list) && list.every(n => Number.isSafeInteger(n) && n >= 0)
  if (!counts(shape) || shape.length > MAX_DIMENSIONS) throw damaged(`${name} has no shape`)
  if (!counts(offsets) || offsets.length !== 2) throw damaged(`${name} has no offsets`)
  const [from, to] = offsets as [number, number]
  if (to - from !== elements(shape) * size) throw damaged(`${name} of shape [${shape.join()}] takes ${elements(shape) * size} bytes, it has ${to - from}`)
  return { dtype: dtype as string, shape, from, to }
}

function numbers (dtype: string, bytes: Uint8Array): NamedTensor['data'] {
  const size = SIZES[dtype]!
  if (size === 1) return dtype === 'I8' ? new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes
  const { buffer, byteOffset } = bytes.byteOffset % size === 0 ? bytes : bytes.slice()
  const length = bytes.length / size
  switch (dtype) {
    case 'F32': return new Float32Array(buffer, byteOffset, length)
    case 'I32': return new Int32Array(buffer, byteOffset, length)
    case 'I64': return Int32Array.from(new BigInt64Array(buffer, byteOffset, length), Number)
    case 'F16': return Float32Array.from(new Uint16Array(buffer, byteOffset, length), half)
    default: return new Float32Array(Uint32Array.from(new Uint16Array(buffer, byteOffset, length), bits => bits << 16).buffer)
  }
}

/** IEEE 754 half precision: 1 sign, 5 exponent and 10 fraction bits. */
function half (bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

function dtypeOf (data: NamedTensor['data']): string {
  if (data instanceof Float32Array) return 'F32'
  if (data instanceof Int32Array) return 'I32'
  return data instanceof Int8Array ? 'I8' : 'U8'
}

function damaged (what: string, cause?: unknown): HammingbirdError {
  return new HammingbirdError('HAMMINGBIRD_MODEL_INVALID', `a weights file is damaged: ${what}`, { cause })
}
