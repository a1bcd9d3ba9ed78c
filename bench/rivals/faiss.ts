import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { installPython, isInstalled } from './python-environment.js'

const FAISS = 'faiss-cpu==1.15.1'
const PYNEAR = 'pynear==2.6.0'
const root = fileURLToPath(new URL('../../../', import.meta.url))

export type FaissIndex = 'flat' | 'multihash' | 'hnsw' | 'pynear'

export interface FaissAsk {
  readonly index: FaissIndex
  readonly k?: number
  readonly radius?: number
  /** How many of the queries, in one call: which is faster for FAISS than one a call. */
  readonly queries: number
  readonly efSearch?: number
  /** Whether to say what was found, too. */
  readonly distances: boolean
}

export interface FaissAnswer {
  readonly msPerQuery: number
  /** Of each query, in order; missing ones are 2^31 - 1 or left out. */
  readonly distances: readonly (readonly number[])[] | null
}

/** FAISS in a Python process, in an environment of its own that is made the first time. */
export class Faiss implements AsyncDisposable {
  readonly #answers: AsyncIterator<string>

  static installed (): boolean {
    return isInstalled('faiss')
  }

  static open (): Faiss {
    const python = installPython('faiss', [FAISS, 'numpy'], [PYNEAR])
    return new Faiss(spawn(python, [`${root}bench/rivals/faiss_beside.py`]))
  }

  private constructor (private readonly python: ChildProcessWithoutNullStreams) {
    python.stderr.pipe(process.stderr)
    this.#answers = createInterface({ input: python.stdout })[Symbol.asyncIterator]()
  }

  versions (): Promise<Record<string, string>> {
    return this.#ask({ op: 'versions' })
  }

  /** Takes codes and queries from files. */
  codes (codes: string, queries: string, bits: number): Promise<{ readonly codes: number }> {
    return this.#ask({ op: 'codes', codes, queries, bits })
  }

  build (index: FaissIndex): Promise<{ readonly seconds: number, readonly bytes: number }> {
    return this.#ask({ op: 'build', index })
  }

  /** Takes an index from a file, in place of one it builds. */
  read (index: FaissIndex, file: string): Promise<{ readonly codes: number }> {
    return this.#ask({ op: 'read', index, file })
  }

  /** Writes an index to a file, and the same with ids to FILE.with-ids. */
  write (index: FaissIndex, file: string): Promise<object> {
    return this.#ask({ op: 'write', index, file })
  }

  search (ask: FaissAsk): Promise<FaissAnswer> {
    return this.#ask({ op: 'search', ...ask })
  }

  async close (): Promise<void> {
    if (this.python.exitCode !== null) return
    const ended = new Promise(resolve => this.python.once('exit', resolve))
    this.python.stdin.end()
    await ended
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  async #ask<Answer> (ask: object): Promise<Answer> {
    this.python.stdin.write(`${JSON.stringify(ask)}\n`)
    const { value, done } = await this.#answers.next()
    if (done) throw new Error('FAISS ended without an answer')
    return JSON.parse(value) as Answer
  }
}
