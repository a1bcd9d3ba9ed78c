import { execFile, spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Kafka, logLevel } from 'kafkajs'
import { BrokerError, classPath, missing } from './class-path.js'
import { serverProperties, type BrokerPlace, type Overrides } from './properties.js'

const exec = promisify(execFile)
const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qg' // any 16 bytes as base64url
const STOP_MS = 20_000

export interface BrokerOptions {
  /** Holds its data, its log and its state. */
  readonly dir: string
  /** @default the one it had before in this directory, or a free one */
  readonly port?: number
  /** Of Kafka. @default the one of dev/kafka/pom.xml, or KAFKA_VERSION */
  readonly version?: string | undefined
  /** Settings of server.properties that win over ours, or what makes them of the ports that were taken. */
  readonly overrides?: Overrides | ((place: BrokerPlace) => Overrides)
  /** Parts of Kafka whose log, in broker.log, says what they do and not only what goes wrong: names of its loggers. @default none */
  readonly tells?: readonly string[]
  /** Largest heap, as Java says it. @default 256m */
  readonly heap?: string
  /** Lives on when this process ends. @default false: it is killed with it, even if that is killed itself */
  readonly detached?: boolean
  /** @default 60,000 */
  readonly startMs?: number
}

/** A broker that runs. */
export interface Broker extends AsyncDisposable {
  readonly dir: string
  readonly port: number
  /** What clients connect to: `127.0.0.1:PORT`. */
  readonly bootstrap: string
  readonly pid: number
  /** SIGKILL, for tests of faults. */
  kill (): Promise<void>
  /** Starts it again, with the same port and data, whether it runs or not. */
  restart (): Promise<void>
  /** What it has said so far. */
  log (): string
  /** Cleanly. */
  stop (): Promise<void>
  /** Kills it and removes its directory. */
  wipe (): Promise<void>
}

interface BrokerState extends BrokerPlace {
  readonly pid: number
}

/**
 * Starts a real Apache Kafka broker, alone and in KRaft mode, and resolves when it answers.
 *
 * @throws BrokerError for what a person can do something about: java or mvn missing, a broker that runs there already,
 *   one that ended before it answered (with the last lines of its log).
 */
export async function startBroker (options: BrokerOptions): Promise<Broker> {
  const dir = resolve(options.dir)
  const old = readState(dir)
  if (old !== undefined && runs(old)) throw new BrokerError(`a broker runs in ${dir} already (pid ${old.pid}, port ${old.port})`)
  const lacks = await missing()
  if (lacks !== undefined) throw new BrokerError(lacks)
  const jars = await classPath(options.version ?? process.env['KAFKA_VERSION'])

  const place = { dir, port: options.port ?? old?.port ?? await freePort(), controllerPort: old?.controllerPort ?? await freePort() }
  mkdirSync(dir, { recursive: true })
  writeFileSync(propertiesOf(dir), serverProperties(place, typeof options.overrides === 'function' ? options.overrides(place) : options.overrides ?? {}))
  if (!existsSync(join(dir, 'log', 'meta.properties'))) {
    await exec('java', ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', jars, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', propertiesOf(dir)])
  }

  let state = await launch(place, jars, options)
  const killWithUs = (): void => { signal(state, 'SIGKILL') }
  if (options.detached !== true) process.once('exit', killWithUs)
  const finish = async (how: NodeJS.Signals): Promise<void> => { await end(state, how) }
  return {
    dir,
    port: place.port,
    bootstrap: `127.0.0.1:${place.port}`,
    get pid () { return state.pid },
    log: () => readFileSync(join(dir, 'broker.log'), 'utf8'),
    kill: () => finish('SIGKILL'),
    stop: () => finish('SIGTERM'),
    restart: async () => {
      await finish('SIGTERM')
      state = await launch(place, jars, options)
    },
    wipe: async () => {
      await finish('SIGKILL')
      process.removeListener('exit', killWithUs)
      rmSync(dir, { recursive: true, force: true })
    },
    [Symbol.asyncDispose]: () => finish('SIGTERM')
  }
}

/** The broker of a directory, if one runs there. */
export function runningBroker (dir: string): { readonly pid: number, readonly bootstrap: string, readonly stop: (how: NodeJS.Signals) => Promise<void> } | undefined {
  const state = readState(resolve(dir))
  if (state === undefined || !runs(state)) return undefined
  return { pid: state.pid, bootstrap: `127.0.0.1:${state.port}`, stop: how => end(state, how) }
}

async function launch (place: BrokerPlace, jars: string, { heap = '256m', tells = [], detached = false, startMs = 60_000 }: BrokerOptions): Promise<BrokerState> {
  const { dir } = place
  const log = openSync(join(dir, 'broker.log'), 'a')
  const java = ['java', '-Xms64m', `-Xmx${heap}`, '-XX:+UseSerialGC', '-XX:+ExitOnOutOfMemoryError', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', ...tells.map(name => `-Dorg.slf4j.simpleLogger.log.${name}=info`), '-cp', jars, 'kafka.Kafka', propertiesOf(dir)]
  const bound = !detached && spawnSync('setpriv', ['--version']).status === 0 // of util-linux: the kernel kills it with its parent
  const [command, ...args] = bound ? ['setpriv', '--pdeathsig', 'KILL', ...java] : java
  const child = spawn(command!, args, { detached, stdio: ['ignore', log, log] })
  closeSync(log)
  child.unref()
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject))

  const state = { ...place, pid: child.pid! }
  writeFileSync(stateOf(dir), JSON.stringify(state))
  // Its command line tells it from a reused pid, and shows only once setpriv has become java.
  while (!runs(state) && child.exitCode === null && child.signalCode === null) await sleep(5)
  try {
    await answers(state, startMs)
  } catch (err) {
    await end(state, 'SIGKILL')
    throw err
  }
  return state
}

async function answers (state: BrokerState, startMs: number): Promise<void> {
  const kafka = new Kafka({ clientId: 'broker-start', brokers: [`127.0.0.1:${state.port}`], logLevel: logLevel.NOTHING, connectionTimeout: 1000, requestTimeout: 3000, retry: { retries: 0 } })
  for (const startedMs = performance.now(); ; await sleep(50)) {
    if (!runs(state)) throw new BrokerError(`the broker ended before it answered:\n${lastLines(state.dir)}`)
    const admin = kafka.admin()
    try {
      await admin.connect()
      const { brokers, controller } = await admin.describeCluster()
      if (brokers.length > 0 && controller !== null && controller >= 0) return
    } catch (cause) {
      if (performance.now() - startedMs > startMs) throw new BrokerError(`the broker did not answer within ${startMs} ms:\n${lastLines(state.dir)}`, { cause })
    } finally {
      await admin.disconnect().catch(() => undefined) // it was never connected
    }
  }
}

async function end (state: BrokerState, how: NodeJS.Signals): Promise<void> {
  signal(state, how)
  for (const sinceMs = performance.now(); runs(state); await sleep(20)) {
    if (performance.now() - sinceMs > STOP_MS) signal(state, 'SIGKILL')
  }
}

function signal (state: BrokerState, how: NodeJS.Signals): void {
  if (runs(state)) process.kill(state.pid, how)
}

/** Whether the pid is this broker and no other process that got its number. */
function runs ({ pid, dir }: BrokerState): boolean {
  try {
    process.kill(pid, 0)
    if (!existsSync('/proc/self/cmdline')) return true // no Linux: the pid must do
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    // There is none for a moment while setpriv becomes java, and none any more when it has ended.
    if (line === '') return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    return line.includes(`\0kafka.Kafka\0${propertiesOf(dir)}`)
  } catch {
    return false
  }
}

function readState (dir: string): BrokerState | undefined {
  try {
    return JSON.parse(readFileSync(stateOf(dir), 'utf8')) as BrokerState
  } catch {
    return undefined // none yet
  }
}

function lastLines (dir: string): string {
  const file = join(dir, 'broker.log')
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(-20).join('\n') : ''
}

function stateOf (dir: string): string {
  return join(dir, 'broker.json')
}

function propertiesOf (dir: string): string {
  return join(dir, 'server.properties')
}

function freePort (): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => { resolve(port) })
    })
  })
}
