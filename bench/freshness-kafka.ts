import { KafkaLog } from '../log/kafka-log.js'
import { cifarFiles } from './cifar-files.js'
import { once, warm } from './ingest-kafka.js'
import { openKafkaProcesses, type KafkaProcesses } from './kafka-processes.js'
import { foundAfter, probe } from './probing.js'
import { publishAside } from './publish-child.js'
import { beginSetting, printTable, quantile, writeJson } from './report.js'
import { pythonRival } from './rivals/python.js'

export interface FreshnessOnKafka {
  /** Images a second. @default half of what saturates, which is measured first */
  readonly rate: number | undefined
  readonly seconds: number
  /** What encodes. @default version 0 alone */
  readonly network: string | undefined
  /** A Python that has what the rival needs. @default without the rival */
  readonly rival: string | undefined
  readonly json: string | undefined
}

const SATURATING = 10_000
/** Timed before anything is probed, ours and the rival's: a broker that has just started compiles its own code for half a minute. */
const RUNS = 3

/** As on the embedded log, with broker, server, pipelines and producer as processes on one machine, images straight to Kafka. */
export async function freshnessOnKafka ({ rate, seconds, network, rival, json }: FreshnessOnKafka): Promise<void> {
  const ended = beginSetting()
  const files = await cifarFiles(SATURATING)
  const rows: { readonly system: string, readonly network: string, readonly versionZero?: string, readonly pipelines: number, readonly imagesPerSecond: number, readonly probes: number, readonly foundAfterMs: Readonly<Record<string, number>> }[] = []
  let versions = {}
  const save = (): void => { if (json !== undefined) writeJson(json, { question: 'freshness --log kafka', ...ended(versions), rows }) }
  for (const [pipelines, alone] of network === undefined ? [[1, false], [2, false]] as const : [[1, true], [1, false]] as const) {
    await using processes = await openKafkaProcesses({ pipelines, network, alone, producer: rival })
    await warm(processes, files)
    const at = rate ?? await saturatedRate(processes, files) / 2
    await processes.caughtUp() // version 0 comes after the one that is live
    const foundMs = await probed(processes, files, at, seconds)
    rows.push({
      system: 'hammingbird', network: network ?? 'version 0', ...network !== undefined && { versionZero: alone ? 'retired' : 'kept up' }, pipelines, imagesPerSecond: Math.round(at), probes: foundMs.length,
      foundAfterMs: foundAfter(foundMs)
    })
    console.log(JSON.stringify(rows.at(-1)))
    save()
  }
  if (rival !== undefined) {
    const { stages: { fresh }, versions: theirs } = await pythonRival(rival, ['ingest', 'fresh'], ['--runs', String(RUNS), '--images', String(SATURATING), '--seconds', String(Math.ceil(seconds / 2))])
    const at = fresh as Readonly<Record<string, number>>
    rows.push({
      system: 'python: Pillow, ResNet-20 on ONNX Runtime, FAISS', network: 'resnet20', pipelines: 1, imagesPerSecond: at['rate_per_s']!, probes: at['probes']!,
      foundAfterMs: { p50: at['p50_ms']!, p90: at['p90_ms']!, p99: at['p99_ms']!, max: at['p100_ms']! }
    })
    versions = theirs
  }
  printTable(['system', 'pipelines', 'images/s', 'p50 ms', 'p99 ms'], rows.map(({ system, pipelines, imagesPerSecond, foundAfterMs }) => [system, pipelines, imagesPerSecond, Math.round(foundAfterMs['p50']!), Math.round(foundAfterMs['p99']!)]))
  save()
}

async function probed ({ server, bootstrap, producer, client }: KafkaProcesses, files: readonly Buffer[], rate: number, seconds: number): Promise<readonly number[]> {
  await using log = await KafkaLog.open({ brokers: [bootstrap] })
  return await probe({
    client,
    seconds,
    load: publishAside({ server, kafka: bootstrap, python: producer, prefix: 'load/', images: files, count: Math.ceil(rate * (seconds + 1)), rate }),
    publish: async (id, i) => { await log.append([{ topic: 'default.images', key: Buffer.from(id), value: files[i % files.length]! }]) }
  })
}

/** Images a second, first publish to last one searchable: the median of some runs. */
async function saturatedRate (processes: KafkaProcesses, files: readonly Buffer[]): Promise<number> {
  const rates: number[] = []
  for (let run = 0; run < RUNS; run++) rates.push(await once(processes, `run/${run}/`, files, files.length, await processes.coded()))
  return quantile(rates, 0.5)
}
