import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HammingbirdClient } from '../client/index.js'
import { publishModel } from '../cli/model-directory.js'
import { codeOf } from '../errors.js'
import { startBroker } from '../dev/kafka/broker.js'
import { untrained } from './encode.js'

const MAIN = fileURLToPath(new URL('../cli/main.js', import.meta.url))

/** A real broker, a server and pipelines, each a process, on fresh directories that go with them. */
export interface KafkaProcesses extends AsyncDisposable {
  readonly bootstrap: string
  readonly server: string
  readonly client: HammingbirdClient
  /** What publishes: see `PublishAsideJob`. */
  readonly producer: string | undefined
  /** Pids of the pipelines. */
  readonly pipelines: readonly number[]
  /** Images that have a code of the version that is live. */
  coded (): Promise<number>
  /** Resolves when no version lacks a code. */
  caughtUp (): Promise<void>
  /** Ends the pipelines cleanly, so that they write their profiles. */
  endPipelines (): Promise<void>
}

export interface KafkaProcessesOptions {
  readonly pipelines: number
  /** Published, with any weights, and promoted; version 0 is kept up beside it, as always. @default version 0 alone */
  readonly network?: string | undefined
  /** Whether version 0 is retired: only the network encodes, as with who has no other. @default false */
  readonly alone?: boolean
  /** A Python whose librdkafka publishes. @default our own client does */
  readonly producer?: string | undefined
  /** A directory for the CPU profiles of the pipelines. @default none are made */
  readonly profiles?: string
}

export async function openKafkaProcesses ({ pipelines, network, alone = false, producer, profiles }: KafkaProcessesOptions): Promise<KafkaProcesses> {
  const directory = await mkdtemp(join(tmpdir(), 'hammingbird-bench-'))
  const broker = await startBroker({ dir: join(directory, 'broker'), heap: '512m' })
  const children: ChildProcess[] = []
  const killWithUs = (): void => { for (const child of children) child.kill('SIGKILL') }
  process.once('exit', killWithUs)
  const start = (nodeOptions: readonly string[], name: string, ...args: readonly string[]): ChildProcess => {
    const child = spawn(process.execPath, [...nodeOptions, MAIN, ...args, '--brokers', broker.bootstrap, '--data', join(directory, name)], { stdio: 'ignore' })
    children.push(child)
    return child
  }
  const port = await freePort()
  const server = `127.0.0.1:${port}`
  start([], 'server', 'serve', '--port', String(port))
  const working = Array.from({ length: pipelines }, (_, i) => start(profiles === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profiles], `pipeline-${i}`, 'pipeline'))
  const client = await HammingbirdClient.open({ server, waitMs: 60_000 })
  const live = network === undefined ? 'v0' : await promoteUntrained(client, network, join(directory, 'model'))
  if (alone) await client.models.retire('v0', { force: true, actor: 'bench' })
  return {
    bootstrap: broker.bootstrap,
    server,
    client,
    producer,
    pipelines: working.map(({ pid }) => pid!),
    caughtUp: async () => { while ((await client.status()).versions.some(({ waiting }) => waiting > 0)) await sleep(100) },
    coded: async () => (await client.status()).versions.find(({ version }) => version === live)?.coded ?? 0,
    endPipelines: async () => { await Promise.all(working.map(child => end(child, 'SIGINT'))) },
    async [Symbol.asyncDispose] () {
      await client.close()
      await Promise.all(children.map(child => end(child, 'SIGKILL')))
      await broker.wipe()
      process.removeListener('exit', killWithUs)
      await rm(directory, { recursive: true, force: true })
    }
  }
}

/** @returns the version's name. */
async function promoteUntrained (client: HammingbirdClient, network: string, directory: string): Promise<string> {
  await mkdir(directory)
  await writeFile(join(directory, 'manifest.json'), JSON.stringify(await untrained(directory, network, 32, {})))
  const { name } = await publishModel(client, directory, new AbortController().signal, () => undefined)
  for (;;) {
    try {
      await client.models.promote(name, { force: true, actor: 'bench' })
      return name
    } catch (err) {
      if (codeOf(err) !== 'HAMMINGBIRD_VERSION_NOT_READY') throw err // its model is still on its way to the server
    }
  }
}

async function end (child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
