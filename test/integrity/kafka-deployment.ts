import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { HammingbirdClient, type Position } from '../../client/index.js'
import { startBroker, type Broker } from '../../dev/kafka/broker.js'
import type { Deployment } from './deployment.js'
import type { Step } from './history.js'
import { ManagedProcess } from './managed-process.js'
import { ProducerProcess } from './producer-process.js'
import { childrenOf, freePort } from './server-process.js'

/** How long the broker is away when it is killed. */
const AWAY_MS = 500

/** A real broker, a producer, two pipelines and a server, each of which can be killed at any moment. */
export class KafkaDeployment implements Deployment {
  readonly betweenMs = [2000, 7000] as const
  /** What was killed, in order. */
  readonly killed: string[] = []
  readonly #broker: Broker
  readonly address: string
  readonly #random: () => number
  readonly #processes: ReadonlyMap<string, ManagedProcess>
  readonly #producer: ProducerProcess
  #restarting: Promise<void> = Promise.resolve()

  static async open (directory: string, random: () => number): Promise<KafkaDeployment> {
    return new KafkaDeployment(await startBroker({ dir: join(directory, 'broker'), startMs: 180_000, tells: ['org.apache.kafka.coordinator.group', 'kafka.coordinator.group'] }), await freePort(), directory, random)
  }

  private constructor (broker: Broker, port: number, directory: string, random: () => number) {
    this.#broker = broker
    this.address = `127.0.0.1:${port}`
    this.#random = random
    this.#producer = new ProducerProcess(broker.bootstrap, this.address)
    const process = (name: string, ...args: readonly string[]): [string, ManagedProcess] => [name, new ManagedProcess([...args, '--brokers', broker.bootstrap, '--data', join(directory, name), '--decoders', '1'], join(directory, `${name}.log`))]
    this.#processes = new Map([
      process('server', 'serve', '--port', String(port), '--server-id', 'one', '--partitions', '2'),
      process('first-pipeline', 'pipeline'),
      process('second-pipeline', 'pipeline')
    ])
  }

  get unexpectedExits (): number {
    return [...this.#processes.values()].reduce((sum, { unexpectedExits }) => sum + unexpectedExits, this.#producer.unexpectedExits)
  }

  /** What those said last that ended by themselves. */
  get lastWords (): string {
    return [...this.#processes.values()].map(({ lastWords }) => lastWords).join('')
  }

  start (): void {
    for (const process of this.#processes.values()) process.start()
    this.#producer.start()
  }

  make (step: Step, png: Buffer | undefined): Promise<Position | undefined> {
    return this.#producer.make(step, png)
  }

  client (): Promise<HammingbirdClient> {
    return HammingbirdClient.open({ server: this.address, waitMs: 60_000 })
  }

  workers (): readonly number[] {
    return [...this.#processes.values()].flatMap(({ pid }) => pid === undefined ? [] : childrenOf(pid))
  }

  /** Kills the broker, and starts it again after a while. @returns when it answered again, as `performance.now` has it. */
  async outage (awayMs: number): Promise<number> {
    await this.#broker.kill()
    await sleep(awayMs)
    await this.#broker.restart()
    return performance.now()
  }

  /** Pids of all but the broker. */
  pids (): readonly (number | undefined)[] {
    return [this.#producer.pid, ...[...this.#processes.values()].map(({ pid }) => pid)]
  }

  /** How often a group was formed anew so far. */
  get rebalances (): number {
    return this.#broker.log().split('\n').filter(line => /Stabilized group [\w-]+\.(ingest|encode\.v\d+) generation/.test(line)).length
  }

  /** Kills one of the five: each as often as the others. The broker comes back by itself. */
  async kill (): Promise<string> {
    const names = ['broker', 'producer', ...this.#processes.keys()].map(name => ({ name, times: this.killed.filter(killed => killed === name).length, dice: this.#random() }))
    const { name } = names.sort((a, b) => a.times - b.times || a.dice - b.dice)[0]!
    this.killed.push(name)
    const process = this.#processes.get(name)
    if (process !== undefined) await process.end('SIGKILL')
    else if (name === 'producer') await this.#producer.kill()
    else {
      await this.#restarting
      await this.#broker.kill()
      this.#restarting = sleep(AWAY_MS).then(() => this.#broker.restart())
    }
    return name
  }

  async stop (): Promise<number | null> {
    await this.#restarting
    await this.#producer.kill()
    const codes = await Promise.all([...this.#processes.values()].map(process => process.end('SIGINT')))
    return codes.find(code => code !== 0) ?? 0
  }

  async destroy (): Promise<void> {
    await this.#producer.kill()
    await Promise.all([...this.#processes.values()].map(process => process.end('SIGKILL')))
    await this.#restarting.catch(() => undefined)
    await this.#broker.wipe()
  }
}
