import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { openSync, closeSync, readFileSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { HammingbirdClient } from '../../client/index.js'

const MAIN = join(import.meta.dirname, '../../cli/main.js')

/** A real `hammingbird up` in a process of its own, that can be killed at any moment and started again on the same data. */
export class ServerProcess {
  readonly #arguments: readonly string[]
  readonly #logFile: string
  readonly address: string
  #child: ChildProcess | undefined
  /** Processes that ended by themselves: none may. */
  unexpectedExits = 0

  static async open (directory: string, options: readonly string[] = []): Promise<ServerProcess> {
    const port = await freePort()
    return new ServerProcess(port, ['up', '--data', join(directory, 'data'), '--port', String(port), '--no-drawn', '--log', 'json', ...options], join(directory, 'server.log'))
  }

  private constructor (port: number, options: readonly string[], logFile: string) {
    this.address = `127.0.0.1:${port}`
    this.#arguments = options
    this.#logFile = logFile
  }

  start (): void {
    const log = openSync(this.#logFile, 'a')
    const child = spawn(process.execPath, ['--enable-source-maps', MAIN, ...this.#arguments], { stdio: ['ignore', log, log] })
    closeSync(log)
    this.#child = child
    child.once('exit', () => { if (this.#child === child) this.unexpectedExits++ })
  }

  /** A client of it, once it answers. */
  client (): Promise<HammingbirdClient> {
    return HammingbirdClient.open({ server: this.address, waitMs: 60_000 })
  }

  /** SIGKILL: no handler runs. */
  async kill (): Promise<void> {
    const child = this.#take()
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }

  /** SIGINT, as Ctrl-C. @returns the exit code. */
  async stop (): Promise<number | null> {
    const child = this.#take()
    child.kill('SIGINT')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    return child.exitCode
  }

  /** Pids of its workers. */
  workers (): readonly number[] {
    return this.#child?.pid === undefined ? [] : childrenOf(this.#child.pid)
  }

  get pid (): number {
    return this.#child!.pid!
  }

  log (): string {
    return readFileSync(this.#logFile, 'utf8')
  }

  #take (): ChildProcess {
    const child = this.#child!
    this.#child = undefined
    return child
  }
}

/** Resident set of a process, in bytes; 0 when it is gone. */
export function residentBytes (pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

export function childrenOf (pid: number): readonly number[] {
  return readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(Number).filter(candidate => {
    try {
      return Number(readFileSync(`/proc/${candidate}/stat`, 'utf8').split(') ')[1]!.split(' ')[1]) === pid
    } catch {
      return false // ended meanwhile
    }
  })
}

export async function freePort (): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}
