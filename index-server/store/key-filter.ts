import { murmur2 } from '../../log/murmur2.js'

/** Bits a key has in a full layer: a hundred strangers are taken for one member then. */
const BITS_PER_KEY = 12
/** A block is eight words, half a cache line: whoever asks for a key waits for memory once. */
const BLOCK_WORDS = 8
const FIRST_KEYS = 2 ** 19

/** Of Parquet's filters: https://github.com/apache/parquet-format/blob/master/BloomFilter.md */
const SALTS = [0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31] as const

interface Layer {
  readonly words: Uint32Array
  /** Keys it is made for. */
  readonly most: number
  keys: number
}

/**
 * A set of keys in 12 to 24 bits each, which now and then takes a stranger for a member, and never a member for a stranger: a
 * split block Bloom filter (Putze, Sanders and Singler, 2007, section 3, as Apache Parquet has it). When it is full, one of twice the
 * size is laid beside it (Almeida et al., Scalable Bloom Filters, 2007).
 */
export class KeyFilter {
  readonly #layers: Layer[]

  /** @param expected how many keys it is made for at first. */
  constructor (expected = 0) {
    this.#layers = [layerFor(Math.max(FIRST_KEYS, expected))]
  }

  /** Bytes of memory that so many keys take at first. */
  static bytesFor (keys: number): number {
    return keys * BITS_PER_KEY / 8
  }

  /** Bytes of memory it takes. */
  get bytes (): number {
    return this.#layers.reduce((sum, { words }) => sum + words.byteLength, 0)
  }

  /** How many keys it holds; a few less than were added, which it took for members. */
  get keys (): number {
    return this.#layers.reduce((sum, { keys }) => sum + keys, 0)
  }

  /** @returns false when it was surely never added. */
  has (key: Uint8Array): boolean {
    const hash = murmur2(key)
    return this.#layers.some(({ words }) => isIn(words, hash))
  }

  add (key: Uint8Array): void {
    const hash = murmur2(key)
    if (this.#layers.some(({ words }) => isIn(words, hash))) return
    let layer = this.#layers.at(-1)!
    if (layer.keys === layer.most) this.#layers.push(layer = layerFor(2 * layer.most))
    put(layer.words, hash)
    layer.keys++
  }
}

function layerFor (keys: number): Layer {
  const blocks = Math.ceil(keys * BITS_PER_KEY / 32 / BLOCK_WORDS)
  return { words: new Uint32Array(blocks * BLOCK_WORDS), most: keys, keys: 0 }
}

function isIn (words: Uint32Array, hash: number): boolean {
  const at = blockOf(words, hash)
  for (let i = 0; i < BLOCK_WORDS; i++) if ((words[at + i]! & bitOf(hash, i)) === 0) return false
  return true
}

function put (words: Uint32Array, hash: number): void {
  const at = blockOf(words, hash)
  for (let i = 0; i < BLOCK_WORDS; i++) words[at + i]! |= bitOf(hash, i)
}

/** Where the hash's block begins: by other bits of it than those that `bitOf` goes by. */
function blockOf (words: Uint32Array, hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b) >>> 0
  return Math.floor(mixed / 2 ** 32 * (words.length / BLOCK_WORDS)) * BLOCK_WORDS
}

function bitOf (hash: number, word: number): number {
  return 1 << (Math.imul(hash, SALTS[word]!) >>> 27)
}
