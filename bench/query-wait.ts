import { mkdtemp, rm } from 'node:fs/promises'
import { getPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { manifestV0 } from '../encoder/classical.js'
import { inputBytes } from '../encoder/encoder.js'
import { EncoderPool } from '../encoder/pool.js'
import { openBackend } from '../encoder/tf.js'
import { picture, untrained } from './encode.js'
import type { Question } from './question.js'
import { beginSetting, printTable, quantile, writeJson } from './report.js'

interface Row {
  readonly network: string
  readonly batch: number
  /** A batch of the backfill by itself, by the clock. */
  readonly batchMs: number
  readonly queries: number
  readonly whileIdleMs: Percentiles
  readonly besideBackfillMs: Percentiles
}

interface Percentiles {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

const SIDES: Record<string, number> = { resnet20: 32 }

/** Queries of version 0, which take next to nothing, at random moments beside a backfill that never pauses: what they take is what they wait. */
export const question: Question = {
  asks: 'how long a query waits behind a backfill in the same encoder: --networks vgg16,mobilenet-v2,resnet20 --queries 200 --json FILE',
  async run (args) {
    const { values } = parseArgs({ args, options: { networks: { type: 'string', default: 'vgg16,mobilenet-v2,resnet20' }, queries: { type: 'string', default: '200' }, json: { type: 'string' } } })
    const ended = beginSetting()
    const system = (await openBackend()).sentence
    const rows: Row[] = []
    for (const network of values.networks.split(',')) {
      const directory = await mkdtemp(join(tmpdir(), 'hammingbird-bench-'))
      try {
        rows.push(await measure(network, directory, Number(values.queries)))
      } finally {
        await rm(directory, { recursive: true })
      }
    }
    printTable(['network', 'batch', 'batch ms', 'idle p50', 'p99', 'max', 'beside p50', 'p99', 'max'], rows.map(({ network, batch, batchMs, whileIdleMs, besideBackfillMs }) =>
      [network, batch, batchMs.toFixed(0), ...[whileIdleMs, besideBackfillMs].flatMap(({ p50, p99, max }) => [p50, p99, max].map(ms => ms.toFixed(1)))]))
    if (values.json !== undefined) writeJson(values.json, { question: 'query-wait', ...ended({ tensorflow: system }), rows })
  }
}

async function measure (network: string, directory: string, queries: number): Promise<Row> {
  const side = SIDES[network] ?? 224
  const batch = network === 'vgg16' ? 8 : 128
  const manifest = await untrained(directory, network, side, {})
  const asked = manifestV0(64)
  await using pool = await EncoderPool.open({ niceness: getPriority() })
  await Promise.all([pool.load('backfilled', manifest, directory), pool.load('asked', asked, undefined)])
  const pixels = picture(batch * side * side * 3)
  const query = picture(inputBytes(asked.input))
  const encodeBatch = async (): Promise<void> => { await pool.encode({ model: 'backfilled', lane: 'backfill', pixels, count: batch }) }
  const ask = async (): Promise<readonly number[]> => {
    const took: number[] = []
    for (let i = 0; i < queries; i++) {
      await sleep(20 + 60 * ((i * 0.618) % 1))
      const begunMs = performance.now()
      await pool.encode({ model: 'asked', lane: 'query', pixels: query, count: 1, outputs: true })
      took.push(performance.now() - begunMs)
    }
    return took
  }
  await encodeBatch()
  await ask()
  const begunMs = performance.now()
  await encodeBatch()
  const batchMs = performance.now() - begunMs
  const idle = await ask()
  const over = new AbortController()
  const backfill = (async () => { while (!over.signal.aborted) await Promise.all([encodeBatch(), encodeBatch()]) })()
  await sleep(1000)
  const beside = await ask()
  over.abort()
  await backfill
  return { network, batch, batchMs, queries, whileIdleMs: percentiles(idle), besideBackfillMs: percentiles(beside) }
}

function percentiles (values: readonly number[]): Percentiles {
  return { p50: quantile(values, 0.5), p99: quantile(values, 0.99), max: Math.max(...values) }
}
