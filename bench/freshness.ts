import { parseArgs } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import { HammingbirdClient } from '../client/index.js'
import { codeOf, invalid } from '../errors.js'
import { cifarFiles } from './cifar-files.js'
import { publishAside } from './publish-child.js'
import { quantile, writeResult } from './result.js'
import { freshAllInOne } from './up-process.js'

const PROBES_PER_SECOND = 20
const ASK_EVERY_MS = 5

/**
 * How long after it was published an image can be found: an open loop at a rate (half of what saturates, by default),
 * and beside it 20 probes a second; every 5 ms each is searched by its id, timed from before it was published.
 *
 *     npm run bench -- freshness [--log embedded] [--rate 1500] [--seconds 20] [--json FILE]
 *
 * Without --rate it first finds the rate that saturates.
 */
export async function freshness (args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { log: { type: 'string', default: 'embedded' }, rate: { type: 'string' }, seconds: { type: 'string', default: '20' }, json: { type: 'string' } }
  })
  if (values.log !== 'embedded') throw invalid('--log', 'embedded')
  const seconds = Number(values.seconds)
  const rate = values.rate === undefined ? await saturatedRate() / 2 : Number(values.rate)
  const probes = await cifarFiles(PROBES_PER_SECOND * seconds)
  const load = (await cifarFiles(Math.min(20_000, Math.ceil(rate * seconds))))
  const images = Array.from({ length: Math.ceil(rate * seconds) }, (_, i) => load[i % load.length]!)

  await using all = await freshAllInOne()
  await using client = await HammingbirdClient.open({ server: all.grpc.address })
  await publishAside({ server: all.grpc.address, prefix: 'warm/', images: images.slice(0, 500) })

  const loading = publishAside({ server: all.grpc.address, prefix: 'load/', images, rate })
  const delaysMs = await Promise.all(probes.map(async (image, i) => {
    await sleep(1000 + i * 1000 / PROBES_PER_SECOND)
    const begunMs = performance.now()
    const id = `probe/${i}`
    for await (const { refusal } of client.publish([{ id, image }])) if (refusal !== undefined) throw new Error(refusal.message)
    while (!await isFound(client, id)) await sleep(ASK_EVERY_MS)
    return performance.now() - begunMs
  }))
  await loading
  const row = { system: 'hammingbird', log: values.log, imagesPerSecond: Math.round(rate), probes: delaysMs.length, foundAfterMs: { p50: quantile(delaysMs, 0.5), p90: quantile(delaysMs, 0.9), p99: quantile(delaysMs, 0.99), max: Math.max(...delaysMs) } }
  console.log(`at ${row.imagesPerSecond} images/s: found after p50 ${row.foundAfterMs.p50.toFixed(0)} ms, p99 ${row.foundAfterMs.p99.toFixed(0)} ms (${row.probes} probes)`)
  if (values.json !== undefined) writeResult(values.json, { question: 'freshness', rows: [row] })
}

async function isFound (client: HammingbirdClient, id: string): Promise<boolean> {
  try {
    await client.search({ id, k: 1 })
    return true
  } catch (err) {
    if (codeOf(err) === 'HAMMINGBIRD_NOT_FOUND' || codeOf(err) === 'HAMMINGBIRD_VERSION_NOT_READY') return false
    throw err
  }
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
