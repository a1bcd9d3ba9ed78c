import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DecoderPool } from '../../decoder/pool.js'
import { startBroker } from '../../dev/kafka/broker.js'
import { manifestV0 } from '../../encoder/classical.js'
import type { Encoder } from '../../encoder/encoder.js'
import { EncoderPool } from '../../encoder/pool.js'
import { KafkaLog } from '../../log/kafka-log.js'
import { Pipeline } from '../../pipeline/run.js'
import { ModelLoader } from '../../registry/model-loader.js'
import { Registry } from '../../registry/registry.js'
import { isProgress } from '../../topics/progress.js'

export interface KafkaSlowEncoderResult {
  readonly images: number
  readonly batchSeconds: number
  readonly sessionTimeoutMs: number
  readonly seconds: number
  /** Codes in the log: one for each image. */
  readonly codes: number
  /** How many of them are of an image that has one already. */
  readonly codesTwice: number
  /** How often the group that encodes was formed: once, when it was joined. */
  readonly joins: number
  readonly failures: number
  /** The highest resident set of each quarter of the run, in MiB: flat means the last is no higher than the first ones. */
  readonly quarters: readonly number[]
}

/** Images in one append. */
const RUN = 500
const SESSION_TIMEOUT_MS = 6000
const BATCH_MS = 10_000
/** How often the encoder shows that it goes on. */
const STEP_MS = 1000

/**
 * A pipeline on a real broker with an encoder that takes longer for each batch than a member may be silent: it shows that
 * it goes on, so the pipeline keeps its partitions, and what piles up does so in the log.
 *
 * @param image the i-th image file.
 */
export async function kafkaSlowEncoder (images: number, image: (i: number) => Buffer, tell: (line: string) => void): Promise<KafkaSlowEncoderResult> {
  const directory = await mkdtemp(join(tmpdir(), 'hammingbird-slow-'))
  const broker = await startBroker({ dir: join(directory, 'broker'), startMs: 180_000, tells: ['org.apache.kafka.coordinator.group', 'kafka.coordinator.group'] })
  try {
    let failures = 0
    const failed = (err: unknown, name: string): void => {
      failures++
      tell(`${name}: ${String(err)}`)
    }
    await using log = await KafkaLog.open({ brokers: [broker.bootstrap] })
    await using decoder = await DecoderPool.open({ workers: 1 })
    await using encoder = await EncoderPool.open({})
    await using registry = await Registry.open({ log, reader: 'slow', builtIn: manifestV0, failed })
    const models = new ModelLoader({ log, encoder, directory: join(directory, 'models'), reader: 'slow' })
    await registry.collections.create({ name: 'default' })
    await registry.refresh()
    const { topics, config } = registry.get('default')
    await using _ = new Pipeline({ log, registry, decoder, encoder: slow(encoder), models, failed, sessionTimeoutMs: SESSION_TIMEOUT_MS })

    const begunMs = performance.now()
    const residents: number[] = []
    const sampler = setInterval(() => { residents.push(process.memoryUsage.rss() / 2 ** 20) }, 1000)
    const publishing = (async () => {
      for (let published = 0; published < images; published += RUN) {
        await log.append(Array.from({ length: RUN }, (_, i) => ({ topic: topics.images, key: Buffer.from(`image/${published + i}`), value: image(published + i) })))
      }
    })()
    while (!(await log.listTopics()).includes(topics.codes('v0'))) await sleep(100)
    await using reader = log.read({ topic: topics.codes('v0'), reader: 'slow.codes', from: new Map(Array.from({ length: config.partitions }, (_, partition) => [partition, 0])) })
    const coded = new Set<string>()
    let codes = 0
    while (coded.size < images) {
      for (const { key } of (await reader.poll()).records) {
        if (isProgress(key)) continue
        codes++
        coded.add(String(key))
      }
      tell(`${Math.round((performance.now() - begunMs) / 1000)} s: ${coded.size} coded, ${Math.round(residents.at(-1) ?? 0)} MiB`)
    }
    await publishing
    clearInterval(sampler)
    const quarter = Math.ceil(residents.length / 4)
    const joins = broker.log().split('\n').filter(line => line.includes(`Stabilized group ${topics.encodeGroup('v0')} generation`)).length
    return {
      images, batchSeconds: BATCH_MS / 1000, sessionTimeoutMs: SESSION_TIMEOUT_MS, seconds: Math.round((performance.now() - begunMs) / 1000), codes, codesTwice: codes - coded.size, joins, failures,
      quarters: [0, 1, 2, 3].map(q => Math.round(Math.max(...residents.slice(q * quarter, (q + 1) * quarter))))
    }
  } finally {
    await broker.wipe()
    await rm(directory, { recursive: true, force: true })
  }
}

/** The same encoder, ten seconds a batch. */
function slow (encoder: Encoder): Encoder {
  return {
    load: (...args) => encoder.load(...args),
    unload: model => encoder.unload(model),
    encode: async request => {
      for (let ms = 0; ms < BATCH_MS; ms += STEP_MS) {
        await sleep(STEP_MS)
        request.beat?.()
      }
      return encoder.encode(request)
    },
    close: () => encoder.close(),
    [Symbol.asyncDispose]: () => encoder.close()
  }
}
