/** How many bits of a 32-bit integer are 1: sums of neighbours, then of their neighbours, all fields side by side. */
export function popcount (word: number): number {
  word -= (word >>> 1) & 0x5555_5555
  word = (word & 0x3333_3333) + ((word >>> 2) & 0x3333_3333)
  return Math.imul((word + (word >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24
}
