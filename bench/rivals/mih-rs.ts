import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Codes } from '../distributions.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const program = `${root}.cache/mih-rs/release/mih-beside`

/** mih-rs, multi-index hashing in Rust, over codes of 64 bits: exact, one thread. Built into .cache the first time, which needs Cargo. */
export class MihRs implements AsyncDisposable {
  static readonly version = '0.3.1'
  /** What its tables take. */
  bytes = 0
  readonly #answers: AsyncIterator<string>

  /** @returns `undefined`, with the reason said, where it cannot be built. */
  static async open (codes: Codes): Promise<MihRs | undefined> {
    try {
      if (!existsSync(program)) {
        console.error('building mih-rs into .cache/mih-rs')
        execFileSync('cargo', ['build', '--quiet', '--release'], { cwd: `${root}bench/rivals/mih-rs`, env: { ...process.env, CARGO_TARGET_DIR: `${root}.cache/mih-rs` }, stdio: 'inherit' })
      }
    } catch (err) {
      console.error(`mih-rs is left out: ${err instanceof Error ? err.message.split('\n')[0] : String(err)}`)
      return undefined
    }
    const files = [`${root}.cache/mih-rs/codes`, `${root}.cache/mih-rs/queries`] as const
    writeFileSync(files[0], codes.bytes)
    writeFileSync(files[1], Buffer.concat(codes.queries))
    const mih = new MihRs(spawn(program, files))
    mih.bytes = (JSON.parse((await mih.#answers.next()).value) as { bytes: number }).bytes // it has read them
    for (const file of files) rmSync(file)
    return mih
  }

  private constructor (private readonly child: ChildProcessWithoutNullStreams) {
    child.stderr.pipe(process.stderr)
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  }

  async search ({ k, radius }: { readonly k?: number, readonly radius?: number }): Promise<{ readonly msPerQuery: number, readonly distances: readonly (readonly number[])[] }> {
    this.child.stdin.write(k === undefined ? `radius ${radius}\n` : `k ${k}\n`)
    const { value, done } = await this.#answers.next()
    if (done) throw new Error('mih-rs ended without an answer')
    return JSON.parse(value) as { msPerQuery: number, distances: number[][] }
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    const ended = new Promise(resolve => this.child.once('exit', resolve))
    this.child.stdin.end()
    await ended
  }
}
