import type { Code } from '../hamming/code.js'

/** How codes lie: `uniform` anywhere; `clustered` around 1,000 centres, each bit flipped with 8 %; `learned` as ITQ puts CIFAR-10, with noise. */
export type Distribution = 'uniform' | 'clustered' | 'learned'

export interface Codes {
  readonly bits: number
  readonly count: number
  /** One after the other. */
  readonly bytes: Uint8Array
  readonly queries: readonly Code[]
}

const CENTRES = 1000
const FLIPPED = 0.08
/** Each copy of a learned code has bits flipped at this rate: as near-duplicates, other crops and exposures, have. */
const NOISE = 0.03

/** Numbers that are the same in every run. (xorshift32) */
export function randomFrom (seed: number): () => number {
  let state = seed | 0
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

/**
 * Codes and queries of a distribution. A query is a code that lies there, with two bits flipped; of the uniform ones, any code.
 *
 * @param learned the codes that `learned` is made of.
 */
export function codesOf (distribution: Distribution, count: number, bits: number, queries: number, learned?: readonly Code[]): Codes {
  const random = randomFrom(20_261_121 + bits)
  const size = bits / 8
  const any = (n: number) => Array.from({ length: n }, () => Uint8Array.from({ length: size }, () => random() * 256))
  const bytes = new Uint8Array(count * size)
  if (distribution === 'uniform') {
    for (let at = 0; at < bytes.length; at++) bytes[at] = random() * 256
    return { bits, count, bytes, queries: any(queries) }
  }
  const centres = distribution === 'clustered' ? any(CENTRES) : learned!
  const noise = noisyBytes(distribution === 'clustered' ? FLIPPED : NOISE, random)
  for (let i = 0; i < count; i++) {
    const centre = centres[Math.floor(random() * centres.length)]!
    for (let at = 0; at < size; at++) bytes[i * size + at] = centre[at]! ^ noise[Math.floor(random() * noise.length)]!
  }
  return {
    bits,
    count,
    bytes,
    queries: Array.from({ length: queries }, () => {
      const at = Math.floor(random() * count) * size
      const query = bytes.slice(at, at + size)
      query[0]! ^= 1
      query[3 % size]! ^= 0x10
      return query
    })
  }
}

/** Many bytes, each bit of which is 1 at a rate: to be picked from, which is faster than eight throws a byte. */
function noisyBytes (rate: number, random: () => number): Uint8Array {
  return Uint8Array.from({ length: 2 ** 20 }, () => {
    let byte = 0
    for (let bit = 0; bit < 8; bit++) if (random() < rate) byte |= 1 << bit
    return byte
  })
}

/** Codes in blocks, as a store is loaded: ordinals count from 0. */
export function * blocksOf ({ bits, count, bytes }: Codes): Generator<{ readonly ordinals: number[], readonly codes: Uint8Array }> {
  const size = bits / 8
  const block = 16_384
  for (let from = 0; from < count; from += block) {
    const to = Math.min(count, from + block)
    yield { ordinals: Array.from({ length: to - from }, (_, i) => from + i), codes: bytes.subarray(from * size, to * size) }
  }
}
