import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import { HammingbirdClient, Rank } from '../client/index.js'
import { corel5k } from '../trainer/datasets/corel5k.js'
import { labelsOf } from '../trainer/labels.js'
import type { Question } from './question.js'
import { beginSetting, printTable, writeJson } from './report.js'
import { freshAllInOne } from './up-process.js'

/** How alike the nearest are, under one version. */
interface Row {
  readonly version: string
  readonly network: string
  readonly bits: number
  readonly rank: 'newest' | 'detail'
  readonly images: number
  readonly queries: number
  /** Mean cosine of the label vectors of a picture and its five nearest, itself apart. */
  readonly labelCosine: number
}

interface Photograph {
  readonly id: string
  readonly image: Buffer
  readonly labels: readonly string[]
}

const NEAREST = 5
const MAIN = join(import.meta.dirname, '../cli/main.js')

/** Corel5K published, a pretrained network added by the command that users have, and then asked for what is nearest. */
export const question: Question = {
  asks: 'how alike the nearest photographs are under versions that models add made, on Corel5K: --bits 64,128 --images 1000 --queries 1000 --data DIR --json FILE',
  async run (args) {
    const { values } = parseArgs({
      args,
      options: {
        bits: { type: 'string', default: '64,128' },
        images: { type: 'string', default: '5000' },
        queries: { type: 'string', default: '1000' },
        name: { type: 'string', default: 'mobilenet-v2' },
        from: { type: 'string', default: 'weights/mobilenet_v2_1.0_224_dequant' },
        data: { type: 'string', default: process.env['HAMMINGBIRD_EVALUATION_DATA'] ?? '../shared/data' },
        json: { type: 'string' }
      }
    })
    const ended = beginSetting()
    const data = resolve(values.data)
    const photographs = evenly(await readCorel(data), Number(values.images))
    await using all = await freshAllInOne()
    const server = all.grpc.address
    const rows: Row[] = []
    const seconds: Record<string, number> = {}
    for (const bits of values.bits.split(',').map(Number)) {
      const collection = `corel-${bits}`
      await using client = await HammingbirdClient.open({ server, collection })
      await client.createCollection({ name: collection, bits, partitions: 1 })
      for await (const { refusal } of client.publish(photographs)) if (refusal !== undefined) throw new Error(refusal.message)
      while (((await client.status()).versions[0]?.coded ?? 0) < photographs.length) await sleep(200)
      const begunMs = performance.now()
      await hammingbird('models', 'add', values.name, '--from', join(data, values.from), '--collection', collection, '--server', server, '--timeout', '120')
      seconds[`${bits} bits`] = Math.round((performance.now() - begunMs) / 1000)
      for (const { name, network } of await client.models.list()) {
        for (const rank of ['newest', 'detail'] as const) {
          if (rank === 'detail' && name === 'v0') continue // it makes none
          rows.push({ version: name, network: network === 'classical' ? 'version 0' : values.name, bits, rank, images: photographs.length, ...await labelCosine(client, photographs, name, rank, Number(values.queries)) })
        }
      }
    }
    printTable(['version', 'network', 'bits', 'ties by', 'images', 'label cosine of the five nearest'], rows.map(({ version, network, bits, rank, images, labelCosine }) => [version, network, bits, rank, images, labelCosine.toFixed(3)]))
    if (values.json !== undefined) writeJson(values.json, { question: 'added', ...ended({}), addSeconds: seconds, rows })
  }
}

async function readCorel (data: string): Promise<readonly Photograph[]> {
  const images = await mkdtemp(join(tmpdir(), 'hammingbird-corel5k-'))
  try {
    await promisify(execFile)('tar', ['-xzf', join(data, 'corel5k', 'images.tar.gz'), '-C', images])
    const { train, test } = await corel5k(join(data, 'corel5k'), images)
    return await Promise.all([train, test].flatMap(({ files, labels, names }) => files.map(async (file, i) => ({
      id: basename(file),
      image: await readFile(file),
      labels: labelsOf(labels, i).map(label => names[label]!)
    }))))
  } finally {
    await rm(images, { recursive: true, force: true })
  }
}

/** Photographs of one kind follow each other: so many, spread over all of them. */
function evenly (photographs: readonly Photograph[], most: number): readonly Photograph[] {
  const count = Math.min(most, photographs.length)
  return Array.from({ length: count }, (_, i) => photographs[Math.floor(i * photographs.length / count)]!)
}

async function hammingbird (...args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: 'inherit' })
  const [code] = await once(child, 'exit') as [number | null]
  if (code !== 0) throw new Error(`hammingbird ${args.join(' ')} ended with ${code}`)
}

/** Of queries spread evenly over the photographs. */
async function labelCosine (client: HammingbirdClient, photographs: readonly Photograph[], version: string, rank: 'newest' | 'detail', queries: number): Promise<Pick<Row, 'queries' | 'labelCosine'>> {
  const labels = new Map(photographs.map(({ id, labels }) => [id, new Set(labels)]))
  const chosen = evenly(photographs, queries)
  const count = chosen.length
  let sum = 0
  for (let i = 0; i < count; i++) {
    const { id } = chosen[i]!
    const { hits } = await client.search({ id, k: NEAREST + 1, version, rank: rank === 'detail' ? Rank.DETAIL : Rank.UNSPECIFIED })
    const others = hits.filter(hit => hit.id !== id).slice(0, NEAREST)
    const own = labels.get(id)!
    sum += others.reduce((sum, { id }) => sum + cosine(own, labels.get(id)!), 0) / others.length
  }
  return { queries: count, labelCosine: sum / count }
}

function cosine (a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  return [...a].filter(label => b.has(label)).length / Math.sqrt(a.size * b.size)
}
