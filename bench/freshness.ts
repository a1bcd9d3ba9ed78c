import { parseArgs } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import { HammingbirdClient } from '../client/index.js'
import { invalid } from '../errors.js'
import { cifarFiles } from './cifar-files.js'
import { freshnessOnKafka } from './freshness-kafka.js'
import { foundAfter, probe, PROBES_PER_SECOND } from './probing.js'
import { publishAside } from './publish-child.js'
import type { Question } from './question.js'
import { beginSetting, writeJson } from './report.js'
import { freshAllInOne } from './up-process.js'

/**
 * An open loop at a rate, and beside it 20 probes a second: every 5 ms the oldest is searched by its id, timed from before it was
 * published. Without --rate the rate is half of what saturates, which is measured first.
 */
export const question: Question = {
  asks: 'how long after it was published an image is found: --log embedded|kafka --rate 1000 --seconds 20 --network resnet20 --rival PYTHON --json FILE',
  async run (args) {
    const { values } = parseArgs({
      args,
      options: { log: { type: 'string', default: 'embedded' }, rate: { type: 'string' }, seconds: { type: 'string', default: '20' }, network: { type: 'string' }, rival: { type: 'string' }, json: { type: 'string' } }
    })
    if (values.log === 'kafka') return await freshnessOnKafka({ rate: values.rate === undefined ? undefined : Number(values.rate), seconds: Number(values.seconds), network: values.network, rival: values.rival, json: values.json })
    if (values.log !== 'embedded') throw invalid('--log', 'embedded or kafka')
    const ended = beginSetting()
    const seconds = Number(values.seconds)
    const rate = values.rate === undefined ? await saturatedRate() / 2 : Number(values.rate)
    const foundMs = await probed(rate, seconds)
    const row = {
      system: 'hammingbird',
      log: values.log,
      imagesPerSecond: Math.round(rate),
      probes: foundMs.length,
      foundAfterMs: foundAfter(foundMs)
    }
    console.log(`at ${row.imagesPerSecond} images/s: found after p50 ${row.foundAfterMs.p50.toFixed(0)} ms, p99 ${row.foundAfterMs.p99.toFixed(0)} ms (${row.probes} probes)`)
    if (values.json !== undefined) writeJson(values.json, { question: 'freshness', ...ended({}), rows: [row] })
  }
}

async function probed (rate: number, seconds: number): Promise<readonly number[]> {
  const different = await cifarFiles(Math.min(20_000, Math.ceil(rate * seconds) + PROBES_PER_SECOND * seconds))
  const images = Array.from({ length: Math.ceil(rate * seconds) }, (_, i) => different[i % different.length]!)
  await using all = await freshAllInOne()
  await using client = await HammingbirdClient.open({ server: all.grpc.address })
  await publishAside({ server: all.grpc.address, prefix: 'warm/', images: images.slice(0, 500) })

  return await probe({
    client,
    seconds,
    load: publishAside({ server: all.grpc.address, prefix: 'load/', images, rate }),
    publish: async (id, i) => {
      for await (const { refusal } of client.publish([{ id, image: different.at(-1 - i)! }])) if (refusal !== undefined) throw new Error(refusal.message)
    }
  })
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
