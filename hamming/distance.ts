import type { Code } from './code.js'

const POPCOUNT = Uint8Array.from({ length: 256 }, (_, byte) => {
  let ones = 0
  for (let rest = byte; rest > 0; rest >>= 1) ones += rest & 1
  return ones
})

/** How many bits differ between two codes of the same width. @throws RangeError when the widths differ. */
export function hammingDistance (a: Code, b: Code): number {
  if (a.length !== b.length) throw new RangeError(`codes of ${a.length * 8} and ${b.length * 8} bits have no distance`)
  let distance = 0
  for (let i = 0; i < a.length; i++) distance += POPCOUNT[a[i]! ^ b[i]!]!
  return distance
}

/**
 * Asymmetric distance: between a query's real outputs and stored bits. It orders codes that are equally far in
 * Hamming distance: a bit that differs costs |output| of the query, one that agrees costs nothing.
 *
 * @param outputs the query's outputs before the sign, one a bit.
 */
export function asymmetricDistance (outputs: ArrayLike<number>, code: Code): number {
  let distance = 0
  for (let i = 0; i < outputs.length; i++) {
    const bit = (code[i >> 3]! & (0x80 >> (i & 7))) !== 0
    if (bit !== outputs[i]! > 0) distance += Math.abs(outputs[i]!)
  }
  return distance
}
