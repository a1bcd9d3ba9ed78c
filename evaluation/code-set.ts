import { assertBits, type Code } from '../hamming/code.js'

/** Many codes of one width, as bytes (`hamming/code.ts`) and as words to count with. */
export interface CodeSet {
  readonly bits: number
  readonly count: number
  /** [count, bits / 8] */
  readonly bytes: Uint8Array
  /** [count, words an item]: the same bits in 32s, the last word filled up with zeros. */
  readonly words: Uint32Array
  /** Words a code. */
  readonly stride: number
}

/** @param bytes codes one after the other. @throws RangeError when they are no whole number of codes of that width. */
export function codeSet (bytes: Uint8Array, bits: number): CodeSet {
  assertBits(bits)
  const width = bits / 8
  if (bytes.length % width !== 0) throw new RangeError(`${bytes.length} bytes are no whole number of codes of ${bits} bits`)
  const count = bytes.length / width
  const stride = Math.ceil(bits / 32)
  const words = new Uint32Array(count * stride)
  for (let i = 0; i < count; i++) {
    for (let b = 0; b < width; b++) words[i * stride + (b >> 2)]! |= bytes[i * width + b]! << (24 - 8 * (b & 3))
  }
  return { bits, count, bytes, words, stride }
}

/** Code `i` of a set. */
export function codeAt ({ bytes, bits }: CodeSet, i: number): Code {
  return bytes.subarray(i * bits / 8, (i + 1) * bits / 8)
}

/** The codes of outputs before the sign, [count, bits]: above zero is 1, as `codeOfSigns` has it. */
export function codesOfOutputs (outputs: ArrayLike<number>, bits: number): CodeSet {
  assertBits(bits)
  const bytes = new Uint8Array(Math.ceil(outputs.length / 8))
  for (let i = 0; i < outputs.length; i++) if (outputs[i]! > 0) bytes[i >> 3]! |= 0x80 >> (i & 7)
  return codeSet(bytes, bits)
}
