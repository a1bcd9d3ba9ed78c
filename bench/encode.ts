import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { getPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { inputBytes } from '../encoder/encoder.js'
import { Variables } from '../encoder/layers/variables.js'
import { makeModel } from '../encoder/make-model.js'
import { buildNetwork, features } from '../encoder/networks/networks.js'
import { EncoderPool } from '../encoder/pool.js'
import { loadSession } from '../encoder/session.js'
import { openBackend, tf, type BackendName } from '../encoder/tf.js'
import type { Manifest } from '../registry/manifest.js'
import type { Question } from './question.js'
import { beginSetting, printTable, spread, writeJson, type Spread } from './report.js'
import { Torch } from './rivals/torch.js'

/** One system on one network. */
interface Row {
  readonly system: string
  readonly network: string
  readonly batch: number
  /** Processor time of a batch, all threads counted: what others on the machine take is not in it. */
  readonly cpuMs: Spread
  /** By the clock, in the best round: what others take is in all of them. */
  readonly imagesPerSecond: number
}

/** Batches as an encoder gets them, and the sides of the pictures. */
const NETWORKS: Record<string, { readonly batch: number, readonly side: number }> = {
  resnet20: { batch: 128, side: 32 },
  'mobilenet-v2': { batch: 16, side: 224 },
  vgg16: { batch: 8, side: 224 }
}

export const question: Question = {
  asks: 'how fast pictures become codes, beside PyTorch: --networks resnet20,mobilenet-v2,vgg16 --batches 128 --backend native --torch PYTHON --rounds 7 --json FILE',
  async run (args) {
    const { values } = parseArgs({
      args,
      options: {
        networks: { type: 'string', default: Object.keys(NETWORKS).join(',') },
        batches: { type: 'string' },
        backend: { type: 'string' },
        torch: { type: 'string' },
        rounds: { type: 'string', default: '7' },
        json: { type: 'string' }
      }
    })
    const ended = beginSetting()
    const only = values.backend as BackendName | undefined
    const backend = { ...only !== undefined && { only } }
    const computes = new Set<string>()
    const torch = values.torch === undefined ? undefined : new Torch(values.torch)
    await using _ends = { [Symbol.asyncDispose]: async () => torch?.[Symbol.asyncDispose]() }
    const rows: Row[] = []
    const wanted = values.networks.split(',').flatMap(network => {
      const { batch, side } = NETWORKS[network] ?? { batch: 16, side: 224 }
      return (values.batches?.split(',').map(Number) ?? [batch]).map(batch => ({ network, batch, side }))
    })
    for (const { network, batch, side } of wanted) {
      const directory = await mkdtemp(join(tmpdir(), 'hammingbird-bench-'))
      try {
        rows.push(...await compare({ network, batch, side }, directory, backend, torch, Number(values.rounds), computes))
      } finally {
        await rm(directory, { recursive: true })
      }
    }
    printTable(['system', 'network', 'batch', 'CPU ms', 'min', 'max', 'images/s'], rows.map(({ system, network, batch, cpuMs, imagesPerSecond }) =>
      [`${system}: ${network}`, '', batch, cpuMs.median.toFixed(1), cpuMs.min.toFixed(1), cpuMs.max.toFixed(1), imagesPerSecond.toFixed(0)]))
    const setting = ended({ encoder: [...computes].join('; '), ...torch !== undefined && { torch: (await torch.versions()).torch } })
    if (values.json !== undefined) writeJson(values.json, { question: 'encode', ...setting, rounds: Number(values.rounds), rows })
    console.log(`${setting.machine}; load ${setting.load.map(load => load.toFixed(1)).join(' to ')}; ${Object.entries(setting.versions).map(version => version.join(' ')).join(', ')}`)
  }
}

interface Round {
  readonly ms: number
  readonly cpuMs: number
}

/** In turns: what else runs on the machine meets all of them. */
async function compare ({ network, batch, side }: { network: string, batch: number, side: number }, directory: string, backend: { only?: BackendName }, torch: Torch | undefined, rounds: number, computes: Set<string>): Promise<Row[]> {
  const manifest = await untrained(directory, network, side, backend)
  const pixels = picture(batch * side * side * 3)
  using session = await loadSession(manifest, directory, { backend })
  computes.add(session.backend)
  await using pool = await EncoderPool.open({ niceness: getPriority(), env: backend.only === undefined ? {} : { HAMMINGBIRD_BACKEND: backend.only } })
  await pool.load(network, manifest, directory)
  const [pid] = pool.status().pids
  const systems: [name: string, measure: () => Promise<Round>][] = [
    ['hammingbird', async () => await timed(async () => { await session.encode(pixels, batch, {}, () => undefined) }, async () => 0)],
    ['hammingbird, in a worker', async () => await timed(async () => { await pool.encode({ model: network, lane: 'live', pixels, count: batch }) }, async () => await cpuMsOf(pid!))]
  ]
  if (torch !== undefined) systems.push(['PyTorch, channels last', async () => await torch.encode(network, batch)])
  const results = systems.map((): Round[] => [])
  for (let round = -2; round < rounds; round++) { // two to warm up
    for (const [at, [, measure]] of systems.entries()) {
      const result = await measure()
      if (round >= 0) results[at]!.push(result)
    }
  }
  return systems.map(([system], at) => row(system, network, batch, results[at]!))
}

/** One batch: of four that follow one another. */
async function timed (once: () => Promise<void>, othersCpuMs: () => Promise<number>): Promise<Round> {
  const BATCHES = 4
  const [beganMs, cpu, others] = [performance.now(), process.cpuUsage(), await othersCpuMs()]
  for (let i = 0; i < BATCHES; i++) await once()
  const { user, system } = process.cpuUsage(cpu)
  return { ms: (performance.now() - beganMs) / BATCHES, cpuMs: ((user + system) / 1e3 + await othersCpuMs() - others) / BATCHES }
}

/** Processor time of another process, all its threads, as the scheduler counts it: to the nanosecond, where `stat` has ticks of 10 ms. */
async function cpuMsOf (pid: number): Promise<number> {
  const tasks = await readdir(`/proc/${pid}/task`)
  const times = await Promise.all(tasks.map(async task => Number((await readFile(`/proc/${pid}/task/${task}/schedstat`, 'utf8')).split(' ')[0])))
  return times.reduce((sum, ns) => sum + ns, 0) / 1e6
}

function row (system: string, network: string, batch: number, rounds: readonly Round[]): Row {
  return { system, network, batch, cpuMs: spread(rounds.map(round => round.cpuMs)), imagesPerSecond: batch / Math.min(...rounds.map(round => round.ms)) * 1e3 }
}

/** A model with weights nobody trained: they take as long as others. */
export async function untrained (directory: string, network: string, side: number, backend: { only?: BackendName }): Promise<Manifest> {
  const draft: Omit<Manifest, 'manifest' | 'files'> = {
    version: 'v1', bits: 64, network, settings: {}, input: { width: side, height: side, fit: 'squash' },
    normalisation: { channels: 'rgb', scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }, detail: 0, createdMs: 0, provenance: {}
  }
  await openBackend(backend)
  const variables = new Variables()
  variables.training = false
  const { backbone, head } = buildNetwork(draft)
  tf.tidy(() => head.outputs(features(backbone, tf.zeros<tf.Rank.R4>([1, side, side, 3]), variables), variables))
  const weights = await variables.read()
  variables.dispose()
  return await makeModel(directory, draft, weights, picture(2 * inputBytes(draft.input)), { backend })
}

export function picture (bytes: number): Uint8Array {
  let state = 1
  return Uint8Array.from({ length: bytes }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24)
}
