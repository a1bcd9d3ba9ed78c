/**
 * A code: the bits of one image under one model version, as bytes, most significant bit first: bit 0 of the code is
 * 0x80 of byte 0. From 16 to 1024 bits, always a multiple of 8.
 */
export type Code = Uint8Array

export const MIN_BITS = 16
export const MAX_BITS = 1024

/** @throws RangeError for a width no code can have. */
export function assertBits (bits: number): void {
  if (!Number.isInteger(bits) || bits < MIN_BITS || bits > MAX_BITS || bits % 8 !== 0) {
    throw new RangeError(`bits must be a multiple of 8 from ${MIN_BITS} to ${MAX_BITS}, got ${bits}`)
  }
}

/** The code whose bit i is 1 where `outputs[i] > 0`. Zero counts as 0, so that a dead output has a definite bit. */
export function codeOfSigns (outputs: ArrayLike<number>): Code {
  assertBits(outputs.length)
  const code = new Uint8Array(outputs.length / 8)
  for (let i = 0; i < outputs.length; i++) {
    if (outputs[i]! > 0) code[i >> 3]! |= 0x80 >> (i & 7)
  }
  return code
}

/** Bit `at` of a code, 0 or 1. */
export function bitAt (code: Code, at: number): 0 | 1 {
  return (code[at >> 3]! & (0x80 >> (at & 7))) === 0 ? 0 : 1
}
