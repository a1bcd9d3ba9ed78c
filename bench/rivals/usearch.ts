import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Codes } from '../distributions.js'

const VERSION = '2.26.2'
const root = fileURLToPath(new URL('../../../', import.meta.url))
const folder = `${root}.cache/usearch`

interface Index {
  add (keys: BigUint64Array, vectors: Float32Array, threads: number): void
  search (vectors: Float32Array, k: number, threads: number): { readonly distances: ArrayLike<number> }
}

interface Package {
  readonly Index: new (options: { metric: string, dimensions: number, quantization: string, connectivity: number }) => Index
}

/** usearch over codes: approximate, one thread. `undefined`, with the reason said, where it does not install. */
export class Usearch {
  static readonly version = VERSION

  static open (): Usearch | undefined {
    try {
      mkdirSync(folder, { recursive: true })
      if (!existsSync(`${folder}/node_modules/usearch`)) {
        console.error(`installing usearch ${VERSION} into .cache/usearch`)
        execFileSync('npm', ['install', '--silent', '--no-save', '--prefix', folder, `usearch@${VERSION}`], { stdio: 'inherit', timeout: 300_000 })
      }
      return new Usearch(createRequire(`${folder}/`)('usearch') as Package)
    } catch (err) {
      console.error(`usearch is left out: ${err instanceof Error ? err.message.split('\n')[0] : String(err)}`)
      return undefined
    }
  }

  #index: Index | undefined

  private constructor (private readonly usearch: Package) {}

  build ({ bits, count, bytes }: Codes): void {
    const index = new this.usearch.Index({ metric: 'hamming', dimensions: bits, quantization: 'b1', connectivity: 16 })
    const size = bits / 8
    const block = 10_000
    for (let from = 0; from < count; from += block) {
      const to = Math.min(count, from + block)
      index.add(BigUint64Array.from({ length: to - from }, (_, i) => BigInt(from + i)), spread(bytes.subarray(from * size, to * size)), 2)
    }
    this.#index = index
  }

  /** Distances of each query's k nearest, as it finds them. */
  search (queries: readonly Float32Array[], k: number): number[][] {
    return queries.map(query => Array.from(this.#index!.search(query, k, 1).distances))
  }
}

/** A number a bit, 1 or 0: its binding for Node takes no packed bits, though it keeps them packed. */
export function spread (codes: Uint8Array): Float32Array {
  return Float32Array.from({ length: codes.length * 8 }, (_, at) => codes[at >> 3]! >> (7 - (at & 7)) & 1)
}
