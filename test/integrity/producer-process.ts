import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Position } from '../../client/index.js'
import type { Step } from './history.js'
import type { ProducerAnswer, ProducerJob } from './producer.js'

const AGAIN_MS = 50

/** A producer that can be killed at any moment and started again: what it had not acknowledged is made again. */
export class ProducerProcess {
  readonly #arguments: readonly string[]
  readonly #waiting = new Map<number, (answer: ProducerAnswer | undefined) => void>()
  #child: ChildProcess | undefined
  #numbers = 0
  /** How often it ended by itself. */
  unexpectedExits = 0

  constructor (broker: string, server: string) {
    this.#arguments = [broker, server]
  }

  get pid (): number | undefined {
    return this.#child?.pid
  }

  /** Unless it runs. */
  start (): void {
    if (this.#child !== undefined) return
    const child = fork(new URL('./producer.js', import.meta.url), this.#arguments, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    this.#child = child
    child.on('message', (answer: ProducerAnswer) => { this.#answer(answer.number, answer) })
    child.once('exit', () => {
      if (this.#child === child) {
        this.unexpectedExits++
        this.#child = undefined
      }
      for (const number of this.#waiting.keys()) this.#answer(number, undefined)
    })
  }

  /** Makes a step until it is acknowledged. */
  async make (step: Step, png: Buffer | undefined): Promise<Position | undefined> {
    for (;;) {
      const answer = await this.#ask({ number: this.#numbers++, step, png })
      if (answer !== undefined && answer.failed === undefined) return answer.position
      await sleep(AGAIN_MS)
    }
  }

  /** SIGKILL. */
  async kill (): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    this.#child = undefined
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }

  #ask (job: ProducerJob): Promise<ProducerAnswer | undefined> {
    const child = this.#child
    if (child === undefined) return Promise.resolve(undefined)
    return new Promise(resolve => {
      this.#waiting.set(job.number, resolve)
      child.send(job, err => { if (err !== null) this.#answer(job.number, undefined) })
    })
  }

  #answer (number: number, answer: ProducerAnswer | undefined): void {
    this.#waiting.get(number)?.(answer)
    this.#waiting.delete(number)
  }
}
