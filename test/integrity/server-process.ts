import { readFileSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { HammingbirdClient } from '../../client/index.js'
import { ManagedProcess } from './managed-process.js'

/** A real `hammingbird up` in a process of its own, that can be killed at any moment and started again on the same data. */
export class ServerProcess {
  readonly address: string
  readonly #process: ManagedProcess
  readonly #logFile: string

  static async open (directory: string, options: readonly string[] = []): Promise<ServerProcess> {
    const port = await freePort()
    return new ServerProcess(port, ['up', '--data', join(directory, 'data'), '--port', String(port), '--no-drawn', '--log', 'json', ...options], join(directory, 'server.log'))
  }

  private constructor (port: number, options: readonly string[], logFile: string) {
    this.address = `127.0.0.1:${port}`
    this.#logFile = logFile
    this.#process = new ManagedProcess(options, logFile)
  }

  /** Processes that ended by themselves: none may. */
  get unexpectedExits (): number {
    return this.#process.unexpectedExits
  }

  start (): void {
    this.#process.start()
  }

  /** A client of it, once it answers. */
  client (): Promise<HammingbirdClient> {
    return HammingbirdClient.open({ server: this.address, waitMs: 60_000 })
  }

  /** SIGKILL: no handler runs. */
  async kill (): Promise<'server'> {
    await this.#process.end('SIGKILL')
    return 'server'
  }

  /** SIGINT, as Ctrl-C. @returns the exit code. */
  stop (): Promise<number | null> {
    return this.#process.end('SIGINT')
  }

  async destroy (): Promise<void> {
    await this.kill()
  }

  /** Pids of its workers. */
  workers (): readonly number[] {
    return this.#process.pid === undefined ? [] : childrenOf(this.#process.pid)
  }

  get pid (): number {
    return this.#process.pid!
  }

  log (): string {
    return readFileSync(this.#logFile, 'utf8')
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
