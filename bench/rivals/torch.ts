import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** PyTorch in a Python process that has it: gigabytes that nobody is made to install. */
export class Torch implements AsyncDisposable {
  readonly #python: ChildProcessWithoutNullStreams
  readonly #answers: AsyncIterator<string>

  /**
   * @param python a Python that can `import torch`.
   * @param script what it runs, of `bench/rivals`.
   */
  constructor (python: string, script = 'torch_encode.py') {
    this.#python = spawn(python, [fileURLToPath(new URL(`../../../bench/rivals/${script}`, import.meta.url))])
    this.#python.stderr.pipe(process.stderr)
    this.#answers = createInterface({ input: this.#python.stdout })[Symbol.asyncIterator]()
  }

  versions (): Promise<{ readonly torch: string, readonly threads: number }> {
    return this.#ask({ network: null })
  }

  /** One batch, or one step; of encoding after two to warm up. */
  encode (network: string, batch: number): Promise<{ readonly ms: number, readonly cpuMs: number }> {
    return this.#ask({ network, batch })
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    this.#python.stdin.end()
    if (this.#python.exitCode === null) await new Promise(resolve => { this.#python.once('exit', resolve) })
  }

  async #ask<T> (ask: object): Promise<T> {
    this.#python.stdin.write(`${JSON.stringify(ask)}\n`)
    const { value, done } = await this.#answers.next()
    if (done === true) throw new Error('the PyTorch process ended: what it said stands above')
    return JSON.parse(value as string) as T
  }
}
