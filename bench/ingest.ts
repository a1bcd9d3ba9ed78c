import { parseArgs } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import { HammingbirdClient } from '../client/index.js'
import { invalid } from '../errors.js'
import { cifarFiles } from './cifar-files.js'
import { ingestOnKafka } from './ingest-kafka.js'
import { publishAside } from './publish-child.js'
import type { Question } from './question.js'
import { beginSetting, printTable, spread, writeJson } from './report.js'
import { StageWatch, type StageRun } from './stages.js'
import { freshAllInOne } from './up-process.js'

/**
 * CIFAR-10 pictures as PNG (about 2.3 KB) from a producer in another process over gRPC, first publish to last one
 * searchable. Log, pipeline, tables and producer share the machine.
 */
export const question: Question = {
  asks: 'how many images a second go through, stage by stage: --log embedded|kafka --images 20000 --runs 3 --network resnet20 --rival PYTHON --json FILE',
  async run (args) {
    const { values } = parseArgs({
      args,
      options: { log: { type: 'string', default: 'embedded' }, images: { type: 'string', default: '20000' }, runs: { type: 'string', default: '3' }, network: { type: 'string' }, rival: { type: 'string' }, json: { type: 'string' } }
    })
    if (values.log === 'kafka') return await ingestOnKafka({ images: Number(values.images), runs: Number(values.runs), network: values.network, rival: values.rival, json: values.json })
    if (values.log !== 'embedded') throw invalid('--log', 'embedded or kafka')
    const ended = beginSetting()
    const images = await cifarFiles(Number(values.images))
    const runs: (readonly StageRun[])[] = []
    for (let run = 0; run < Number(values.runs); run++) {
      runs.push(await once(images))
      console.log(`run ${run + 1}: ${runs.at(-1)!.map(({ stage, imagesPerSecond }) => `${stage} ${Math.round(imagesPerSecond)}/s`).join(' · ')}`)
    }
    const rows = runs[0]!.map(({ stage, images }, i) => ({
      system: 'hammingbird', log: values.log, stage, images, imagesPerSecond: spread(runs.map(run => run[i]!.imagesPerSecond))
    }))
    printTable(['stage', 'images/s', 'least', 'most'], rows.map(({ stage, imagesPerSecond: { median, min, max } }) => [stage, Math.round(median), Math.round(min), Math.round(max)]))
    if (values.json !== undefined) writeJson(values.json, { question: 'ingest', ...ended({}), rows })
  }
}

async function once (images: readonly Buffer[]): Promise<readonly StageRun[]> {
  await using all = await freshAllInOne()
  await using client = await HammingbirdClient.open({ server: all.grpc.address })
  // Workers and code paths are warm before anything is timed.
  await publishAside({ server: all.grpc.address, prefix: 'warm/', images: images.slice(0, 500) })
  await searchable(client, 500)

  const store = all.indexServer.served('').store
  let published = 0
  const watch = new StageWatch(() => {
    const [ingest, encode] = all.pipeline.stages()
    return { publish: published, ingest: ingest!.settled, encode: encode!.settled, searchable: store.counts('v0').coded }
  })
  const begunMs = performance.now()
  await publishAside({ server: all.grpc.address, prefix: 'run/', images })
  published = images.length
  const publishedMs = performance.now()
  await searchable(client, 500 + images.length)
  const seconds = (performance.now() - begunMs) / 1000
  const stages = watch.runs().filter(({ stage }) => stage !== 'publish')
  return [
    { stage: 'publish', images: images.length, seconds: (publishedMs - begunMs) / 1000, imagesPerSecond: images.length * 1000 / (publishedMs - begunMs) },
    ...stages.map(run => ({ ...run, images: images.length })),
    { stage: 'end to end', images: images.length, seconds, imagesPerSecond: images.length / seconds }
  ]
}

async function searchable (client: HammingbirdClient, count: number): Promise<void> {
  for (;;) {
    const { versions } = await client.status()
    if ((versions[0]?.coded ?? 0) >= count) return
    await sleep(20)
  }
}
