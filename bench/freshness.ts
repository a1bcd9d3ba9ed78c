import { parseArgs } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import { HammingbirdClient } from '../client/index.js'
import { invalid } from '../errors.js'
import { cifarFiles } from './cifar-files.js'
import { freshnessOnKafka } from './freshness-kafka.js'
import { isFound } from './is-found.js'
import { publishAside } from './publish-child.js'
import type { Question } from './question.js'
import { beginSetting, quantile, writeJson } from './report.js'
import { freshAllInOne } from './up-process.js'

const PROBES_PER_SECOND = 20
const ASK_EVERY_MS = 5

/**
 * An open loop at a rate, and beside it 20 probes a second: every 5 ms the oldest is searched by its id, timed from before it was
 * published. Without --rate the rate is half of what saturates, which is measured first.
 */
export const question: Question = {
  asks: 'how long after it was published an image is found: --log embedded|kafka --rate 1000 --seconds 20 --rival PYTHON --json FILE',
  async run (args) {
    const { values } = parseArgs({
      args,
      options: { log: { type: 'string', default: 'embedded' }, rate: { type: 'string' }, seconds: { type: 'string', default: '20' }, rival: { type: 'string' }, json: { type: 'string' } }
    })
    if (values.log === 'kafka') return await freshnessOnKafka({ rate: values.rate === undefined ? undefined : Number(values.rate), seconds: Number(values.seconds), rival: values.rival, json: values.json })
    if (values.log !== 'embedded') throw invalid('--log', 'embedded or kafka')
    const ended = beginSetting()
    const seconds = Number(values.seconds)
    const rate = values.rate === undefined ? await saturatedRate() / 2 : Number(values.rate)
    const foundMs = await probe(rate, seconds)
    const row = {
      system: 'hammingbird',
      log: values.log,
      imagesPerSecond: Math.round(rate),
      probes: foundMs.length,
      foundAfterMs: { p50: quantile(foundMs, 0.5), p90: quantile(foundMs, 0.9), p99: quantile(foundMs, 0.99), max: Math.max(...foundMs) }
    }
    console.log(`at ${row.imagesPerSecond} images/s: found after p50 ${row.foundAfterMs.p50.toFixed(0)} ms, p99 ${row.foundAfterMs.p99.toFixed(0)} ms (${row.probes} probes)`)
    if (values.json !== undefined) writeJson(values.json, { question: 'freshness', ...ended({}), rows: [row] })
  }
}

/** @returns for each probe, how long it took until it was found, in milliseconds. */
async function probe (rate: number, seconds: number): Promise<readonly number[]> {
  const different = await cifarFiles(Math.min(20_000, Math.ceil(rate * seconds) + PROBES_PER_SECOND * seconds))
  const images = Array.from({ length: Math.ceil(rate * seconds) }, (_, i) => different[i % different.length]!)
  await using all = await freshAllInOne()
  await using client = await HammingbirdClient.open({ server: all.grpc.address })
  await publishAside({ server: all.grpc.address, prefix: 'warm/', images: images.slice(0, 500) })

  const loading = publishAside({ server: all.grpc.address, prefix: 'load/', images, rate })
  const foundMs: number[] = []
  const outstanding: { readonly id: string, readonly begunMs: number }[] = []
  const probes = PROBES_PER_SECOND * seconds
  const publishing = Promise.all(Array.from({ length: probes }, async (_, i) => {
    await sleep(1000 + i * 1000 / PROBES_PER_SECOND)
    const id = `probe/${i}`
    outstanding.push({ id, begunMs: performance.now() })
    for await (const { refusal } of client.publish([{ id, image: different.at(-1 - i)! }])) if (refusal !== undefined) throw new Error(refusal.message)
  }))
  // Only the oldest is asked for: asking for all would be a load of its own.
  while (foundMs.length < probes) {
    const oldest = outstanding[0]
    if (oldest !== undefined && await isFound(client, oldest.id)) {
      foundMs.push(performance.now() - oldest.begunMs)
      outstanding.shift()
    } else await sleep(ASK_EVERY_MS)
  }
  await Promise.all([publishing, loading])
  return foundMs
}

/** Images a second, first publish to last one searchable. */
async function saturatedRate (): Promise<number> {
  const images = await cifarFiles(10_000)
  await using all = await freshAllInOne()
  await publishAside({ server: all.grpc.address, prefix: 'warm/', images: images.slice(0, 500) })
  const begunMs = performance.now()
  await publishAside({ server: all.grpc.address, prefix: 'run/', images })
  const store = all.indexServer.served('').store
  while (store.counts('v0').coded < images.length + 500) await sleep(20)
  return images.length * 1000 / (performance.now() - begunMs)
}
