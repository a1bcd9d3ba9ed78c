import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cifarFiles } from './cifar-files.js'
import { openKafkaProcesses, type KafkaProcesses } from './kafka-processes.js'
import { photographs } from './photographs.js'
import { processorSeconds, shareInKafkajs } from './processor-time.js'
import { openPublisher, publishAside } from './publish-child.js'
import { beginSetting, printTable, spread, writeJson } from './report.js'
import { pythonRival } from './rivals/python.js'

export interface IngestOnKafka {
  readonly images: number
  readonly runs: number
  /** What encodes. @default version 0 alone */
  readonly network: string | undefined
  /** A Python that has what the rival needs. @default without the rival */
  readonly rival: string | undefined
  readonly json: string | undefined
}

const WARM = 512
/** Larger images are fewer: it is bytes that take the time. */
const LARGE = 4
/** So many take longer than it takes to ask again. */
const SEVERAL = 1000

/**
 * Images from a producer in another process straight to Kafka, first publish to last one searchable, with broker, server,
 * pipelines and producer on one machine: CIFAR-10 pictures as PNG (2.3 KB) and photographs as JPEG (20 KB), through one
 * pipeline and through two; with a network, the first alone, once with version 0 retired, as the rival has no such thing, and once with it kept up beside the
 * network. In a last run, which is not timed, pipelines are profiled. Where there is the rival's Python, librdkafka publishes for both.
 */
export async function ingestOnKafka ({ images, runs, network, rival, json }: IngestOnKafka): Promise<void> {
  const ended = beginSetting()
  const rows: Record<string, unknown>[] = []
  let versions = {}
  const save = (): void => { if (json !== undefined) writeJson(json, { question: 'ingest --log kafka', ...ended(versions), rows }) }
  const sets = [{ files: await cifarFiles(Math.min(images, 20_000)), count: images }]
  if (network === undefined) sets.push({ files: await photographs(), count: Math.ceil(images / LARGE) })
  for (const { files, count } of sets) {
    const kilobytes = files.reduce((sum, { length }) => sum + length, 0) / files.length / 1000
    for (const [pipelines, alone] of network === undefined ? [[1, false], [2, false]] as const : [[1, true], [1, false]] as const) {
      const timed: number[] = []
      {
        await using processes = await openKafkaProcesses({ pipelines, network, alone, producer: rival })
        await warm(processes, files)
        for (let run = 0; run < runs; run++) timed.push(await once(processes, `${run}/`, files, count, WARM + run * count))
      }
      const cost = pipelines === 1 && alone === (network !== undefined) ? await profile(files, count, network) : {}
      rows.push({ system: 'hammingbird', log: 'kafka', network: network ?? 'version 0', ...network !== undefined && { versionZero: alone ? 'retired' : 'kept up' }, kilobytes: Math.round(kilobytes * 10) / 10, pipelines, images: count, imagesPerSecond: spread(timed), ...cost })
      console.log(JSON.stringify(rows.at(-1)))
      save()
    }
  }
  if (rival !== undefined) {
    const { stages: { ingest, kill }, versions: theirs } = await pythonRival(rival, network === undefined ? ['ingest', 'kill'] : ['ingest'], ['--images', String(images), '--runs', String(runs)])
    const timed = (ingest!['runs'] as readonly { readonly images_per_s: number }[]).map(({ images_per_s: rate }) => rate)
    rows.push({ system: 'python: Pillow, ResNet-20 on ONNX Runtime, FAISS', log: 'kafka', kilobytes: rows[0]!['kilobytes'], pipelines: 1, images, imagesPerSecond: spread(timed) })
    for (const [offsets, { published, missing, duplicated }] of Object.entries((kill ?? {}) as Readonly<Record<string, Readonly<Record<string, number>>>>)) {
      rows.push({ system: 'python', log: 'kafka', killed: 3, offsets, published, missing, duplicated })
    }
    versions = theirs
  }
  printTable(['system', 'KB', 'pipelines', 'images/s', 'least', 'most'], rows.filter(row => 'imagesPerSecond' in row).map(({ system, kilobytes, pipelines, imagesPerSecond }) => {
    const { median, min, max } = imagesPerSecond as ReturnType<typeof spread>
    return [String(system), String(kilobytes), String(pipelines), Math.round(median), Math.round(min), Math.round(max)]
  }))
  save()
}

/** Every member has joined, and workers and code paths are warm, before anything is timed. */
export async function warm ({ server, bootstrap, producer, coded }: KafkaProcesses, files: readonly Buffer[]): Promise<void> {
  await publishAside({ server, kafka: bootstrap, python: producer, prefix: 'warm/', images: files.slice(0, WARM), count: WARM })
  await searchable(coded, WARM)
}

/**
 * Publishes images, and waits until the last is searchable.
 *
 * @param before how many were before.
 * @returns images a second.
 */
export async function once ({ server, bootstrap, producer, coded }: KafkaProcesses, prefix: string, files: readonly Buffer[], count: number, before: number): Promise<number> {
  await using publisher = await openPublisher({ server, kafka: bootstrap, python: producer, prefix, images: files, count })
  const begunMs = performance.now()
  await publisher.publish()
  await searchable(coded, before + count)
  return count * 1000 / (performance.now() - begunMs)
}

/** What a pipeline spends of a processor, and how much of that in kafkajs. */
async function profile (files: readonly Buffer[], count: number, network: string | undefined): Promise<Record<string, number>> {
  const profiles = await mkdtemp(join(tmpdir(), 'hammingbird-profile-'))
  try {
    await using processes = await openKafkaProcesses({ pipelines: 1, network, alone: network !== undefined, profiles })
    const [pid] = processes.pipelines as [number]
    await warm(processes, files)
    const before = processorSeconds(pid)
    await once(processes, 'profiled/', files, count, WARM)
    const after = processorSeconds(pid)
    await processes.endPipelines()
    const own = after.own - before.own
    const all = own + after.workers - before.workers
    const share = shareInKafkajs(profiles, pid)
    return { pipelineMsPerImage: rounded(all * 1000 / count), kafkajsShareOfPipeline: rounded(share * own / all), kafkajsShareOfItsMainProcess: rounded(share) }
  } finally {
    await rm(profiles, { recursive: true, force: true })
  }
}

/** Asks seldom while much is missing: it is a load of its own. */
async function searchable (coded: KafkaProcesses['coded'], count: number): Promise<void> {
  for (let missing = count; missing > 0;) {
    missing = count - await coded()
    if (missing > 0) await sleep(missing > SEVERAL ? 200 : 20)
  }
}

function rounded (value: number): number {
  return Math.round(value * 1000) / 1000
}
