import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const MAIN = join(import.meta.dirname, '../../cli/main.js')

/** A real `hammingbird` command in a process of its own, that can be killed at any moment and started again. */
export class ManagedProcess {
  readonly #arguments: readonly string[]
  readonly #logFile: string
  #child: ChildProcess | undefined
  /** How often it ended by itself. */
  unexpectedExits = 0
  /** What it said last when it did. */
  lastWords = ''

  constructor (args: readonly string[], logFile: string) {
    this.#arguments = args
    this.#logFile = logFile
  }

  get pid (): number | undefined {
    return this.#child?.pid
  }

  /** Unless it runs. */
  start (): void {
    if (this.#child !== undefined) return
    const log = openSync(this.#logFile, 'a')
    const child = spawn(process.execPath, ['--enable-source-maps', MAIN, ...this.#arguments], { stdio: ['ignore', log, log] })
    closeSync(log)
    this.#child = child
    child.once('exit', () => {
      if (this.#child !== child) return
      this.unexpectedExits++
      this.lastWords = readFileSync(this.#logFile, 'utf8').slice(-2000)
      this.#child = undefined
    })
  }

  /** SIGKILL (no handler runs) or SIGINT (as Ctrl-C). @returns the exit code; `null` for one that was killed, or does not run. */
  async end (signal: 'SIGKILL' | 'SIGINT'): Promise<number | null> {
    const child = this.#child
    if (child === undefined) return null
    this.#child = undefined
    child.kill(signal)
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    return child.exitCode
  }
}
