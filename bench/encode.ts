import { parseArgs } from 'node:util'
import { inputBytes } from '../encoder/encoder.js'
import { Variables } from '../encoder/layers/variables.js'
import { buildNetwork, features } from '../encoder/networks/networks.js'
import { Session } from '../encoder/session.js'
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
    const system = (await openBackend(backend)).sentence
    const torch = values.torch === undefined ? undefined : new Torch(values.torch)
    await using _ends = { [Symbol.asyncDispose]: async () => torch?.[Symbol.asyncDispose]() }
    const rows: Row[] = []
    const wanted = values.networks.split(',').flatMap(network => {
      const { batch, side } = NETWORKS[network] ?? { batch: 16, side: 224 }
      return (values.batches?.split(',').map(Number) ?? [batch]).map(batch => ({ network, batch, side }))
    })
    for (const { network, batch, side } of wanted) {
      using session = await open(network, side, backend)
      const pixels = picture(batch * side * side * 3)
      const once = (): Promise<unknown> => session.encode(pixels, batch, {}, () => undefined)
      await once()
      await once()
      const [ours, theirs]: { ms: number, cpuMs: number }[][] = [[], []]
      // In turns: what else runs on the machine meets both.
      for (let round = 0; round < Number(values.rounds); round++) {
        const [beganMs, cpu] = [performance.now(), process.cpuUsage()]
        await once()
        const { user, system } = process.cpuUsage(cpu)
        ours!.push({ ms: performance.now() - beganMs, cpuMs: (user + system) / 1e3 })
        if (torch !== undefined) theirs!.push(await torch.encode(network, batch))
      }
      rows.push(row('hammingbird', network, batch, ours!))
      if (theirs!.length > 0) rows.push(row('PyTorch, channels last', network, batch, theirs!))
    }
    printTable(['system', 'network', 'batch', 'CPU ms', 'min', 'max', 'images/s'], rows.map(({ system, network, batch, cpuMs, imagesPerSecond }) =>
      [`${system}: ${network}`, '', batch, cpuMs.median.toFixed(1), cpuMs.min.toFixed(1), cpuMs.max.toFixed(1), imagesPerSecond.toFixed(0)]))
    const setting = ended({ tensorflow: system, ...torch !== undefined && { torch: (await torch.versions()).torch } })
    if (values.json !== undefined) writeJson(values.json, { question: 'encode', ...setting, rounds: Number(values.rounds), rows })
    console.log(`${setting.machine}; load ${setting.load.map(load => load.toFixed(1)).join(' to ')}; ${Object.entries(setting.versions).map(version => version.join(' ')).join(', ')}`)
  }
}

function row (system: string, network: string, batch: number, rounds: readonly { readonly ms: number, readonly cpuMs: number }[]): Row {
  return { system, network, batch, cpuMs: spread(rounds.map(round => round.cpuMs)), imagesPerSecond: batch / Math.min(...rounds.map(round => round.ms)) * 1e3 }
}

/** A session with weights nobody trained: they take as long as others. */
async function open (network: string, side: number, backend: { only?: BackendName }): Promise<Session> {
  const manifest: Manifest = {
    manifest: 1, version: 'v1', bits: 64, network, settings: {}, input: { width: side, height: side, fit: 'squash' },
    normalisation: { channels: 'rgb', scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }, detail: 0, files: [], createdMs: 0, provenance: {}
  }
  await openBackend(backend)
  const variables = new Variables()
  variables.training = false
  const { backbone, head } = buildNetwork(manifest)
  tf.tidy(() => head.outputs(features(backbone, tf.zeros<tf.Rank.R4>([1, side, side, 3]), variables), variables))
  const weights = await variables.read()
  variables.dispose()
  return Session.open(manifest, weights, picture(inputBytes(manifest.input)), { backend })
}

function picture (bytes: number): Uint8Array {
  let state = 1
  return Uint8Array.from({ length: bytes }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24)
}
