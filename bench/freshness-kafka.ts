import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaLog } from '../log/kafka-log.js'
import { cifarFiles } from './cifar-files.js'
import { warm } from './ingest-kafka.js'
import { isFound } from './is-found.js'
import { openKafkaProcesses } from './kafka-processes.js'
import { publishAside } from './publish-child.js'
import { beginSetting, printTable, quantile, writeJson } from './report.js'
import { pythonRival } from './rivals/python.js'

export interface FreshnessOnKafka {
  /** Images a second. @default half of what saturates, which is measured first */
  readonly rate: number | undefined
  readonly seconds: number
  /** A Python that has what the rival needs. @default without the rival */
  readonly rival: string | undefined
  readonly json: string | undefined
}

const PROBES_PER_SECOND = 20
const ASK_EVERY_MS = 5
const SATURATING = 10_000

/** As on the embedded log, with broker, server, pipelines and producer as processes on one machine, images straight to Kafka. */
export async function freshnessOnKafka ({ rate, seconds, rival, json }: FreshnessOnKafka): Promise<void> {
  const ended = beginSetting()
  const files = await cifarFiles(SATURATING)
  const rows: { readonly system: string, readonly pipelines: number, readonly imagesPerSecond: number, readonly probes: number, readonly foundAfterMs: Readonly<Record<string, number>> }[] = []
  let versions = {}
  const save = (): void => { if (json !== undefined) writeJson(json, { question: 'freshness --log kafka', ...ended(versions), rows }) }
  for (const pipelines of [1, 2]) {
    const at = rate ?? await saturatedRate(files, pipelines) / 2
    const foundMs = await probe(files, pipelines, at, seconds)
    rows.push({
      system: 'hammingbird', pipelines, imagesPerSecond: Math.round(at), probes: foundMs.length,
      foundAfterMs: { p50: quantile(foundMs, 0.5), p90: quantile(foundMs, 0.9), p99: quantile(foundMs, 0.99), max: Math.max(...foundMs) }
    })
    console.log(JSON.stringify(rows.at(-1)))
    save()
  }
  if (rival !== undefined) {
    const { stages: { fresh }, versions: theirs } = await pythonRival(rival, ['ingest', 'fresh'], ['--runs', '1', '--images', String(SATURATING), '--seconds', String(seconds / 2)])
    const at = fresh as Readonly<Record<string, number>>
    rows.push({
      system: 'python: Pillow, ResNet-20 on ONNX Runtime, FAISS', pipelines: 1, imagesPerSecond: at['rate_per_s']!, probes: at['probes']!,
      foundAfterMs: { p50: at['p50_ms']!, p90: at['p90_ms']!, p99: at['p99_ms']!, max: at['p100_ms']! }
    })
    versions = theirs
  }
  printTable(['system', 'pipelines', 'images/s', 'p50 ms', 'p99 ms'], rows.map(({ system, pipelines, imagesPerSecond, foundAfterMs }) => [system, pipelines, imagesPerSecond, Math.round(foundAfterMs['p50']!), Math.round(foundAfterMs['p99']!)]))
  save()
}

/** @returns for each probe, how long it took until it was found, in milliseconds. */
async function probe (files: readonly Buffer[], pipelines: number, rate: number, seconds: number): Promise<readonly number[]> {
  await using processes = await openKafkaProcesses({ pipelines })
  const { server, bootstrap, client } = processes
  await warm(processes, files)
  await using log = await KafkaLog.open({ brokers: [bootstrap] })
  const loading = publishAside({ server, kafka: bootstrap, prefix: 'load/', images: files, count: Math.ceil(rate * (seconds + 2)), rate })
  const foundMs: number[] = []
  const outstanding: { readonly id: string, readonly begunMs: number }[] = []
  const probes = PROBES_PER_SECOND * seconds
  const publishing = Promise.all(Array.from({ length: probes }, async (_, i) => {
    await sleep(1500 + i * 1000 / PROBES_PER_SECOND)
    const id = `probe/${i}`
    outstanding.push({ id, begunMs: performance.now() })
    await log.append([{ topic: 'default.images', key: Buffer.from(id), value: files[i % files.length]! }])
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
async function saturatedRate (files: readonly Buffer[], pipelines: number): Promise<number> {
  await using processes = await openKafkaProcesses({ pipelines })
  const { server, bootstrap, client } = processes
  await warm(processes, files)
  const begunMs = performance.now()
  await publishAside({ server, kafka: bootstrap, prefix: 'run/', images: files })
  for (const before = 512; ((await client.status()).versions[0]?.coded ?? 0) < files.length + before;) await sleep(20)
  return files.length * 1000 / (performance.now() - begunMs)
}
