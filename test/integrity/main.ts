// The long proofs: `npm run test:integrity -- kill|kill-kafka|kafka-away|slow-encoder|kafka-slow-encoder|versions [--log kafka] [--json FILE]`. Without a name, all of them.
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { awayTest } from './away.js'
import { KafkaDeployment } from './kafka-deployment.js'
import { kafkaSlowEncoder } from './kafka-slow-encoder.js'
import { killTest } from './kill.js'
import { evaluationData } from '../fixtures/evaluation-data.js'
import { referencePictures } from './reference-pictures.js'
import { slowEncoder } from './slow-encoder.js'
import { versionsTest } from './versions.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' }, seed: { type: 'string', default: '1' }, log: { type: 'string', default: 'embedded' }, kills: { type: 'string', default: '24' }, ids: { type: 'string', default: '2000' }, images: { type: 'string', default: '100000' } }
})
/** How often each process is killed at the least. */
const EACH = 10
const tell = (line: string): void => { console.log(line) }

const proofs: Record<string, () => Promise<{ readonly holds: boolean, readonly result: object }>> = {
  async kill () {
    const result = await killTest({ pictures: await referencePictures(2000), ids: Number(values.ids), kills: Number(values.kills), seed: Number(values.seed), tell })
    return { holds: result.differences.length === 0 && result.unexpectedExits === 0 && result.exitCode === 0, result }
  },
  async 'kill-kafka' () {
    let deployment: KafkaDeployment | undefined
    let rebalances = 0
    const open = async (directory: string, random: () => number): Promise<KafkaDeployment> => deployment = await KafkaDeployment.open(directory, random)
    const compared = (): void => { rebalances = deployment!.rebalances }
    const result = await killTest({ open, compared, pictures: await referencePictures(2000), ids: Number(values.ids), kills: Number(values.kills), serverKills: EACH * 5, seed: Number(values.seed), tell })
    const killed: Record<string, number> = {}
    for (const name of deployment!.killed) killed[name] = (killed[name] ?? 0) + 1
    const enough = Object.keys(killed).length === 5 && Object.values(killed).every(times => times >= EACH)
    return { holds: enough && result.differences.length === 0 && result.unexpectedExits === 0 && result.exitCode === 0, result: { ...result, killed, rebalances, ...(deployment!.lastWords === '' ? {} : { lastWords: deployment!.lastWords }) } }
  },
  async 'kafka-away' () {
    const result = await awayTest({ pictures: await referencePictures(2000), ids: Number(values.ids), awayMs: 60_000, seed: Number(values.seed), tell })
    return { holds: result.differences.length === 0 && result.unexpectedExits === 0 && result.sameProcesses && result.exitCode === 0 && result.searchesFailed === 0, result }
  },
  async versions () {
    let killed: readonly string[] = []
    const open = async (directory: string, random: () => number): Promise<KafkaDeployment> => {
      const deployment = await KafkaDeployment.open(directory, random)
      killed = deployment.killed
      return deployment
    }
    const result = await versionsTest({
      ...(values.log === 'kafka' ? { open } : {}),
      pictures: await referencePictures(500), images: 1500, publishesPerSecond: 20, searchers: 3, killsBetween: Math.ceil(Number(values.kills) / 5), seed: Number(values.seed),
      weights: join(evaluationData, 'weights/resnet20_cifar10'), tell
    })
    const { failed, mixed, differences, unexpectedExits, exitCode } = result
    return { holds: failed.length + mixed.length + differences.length + unexpectedExits === 0 && exitCode === 0, result: { log: values.log, ...result, ...(killed.length > 0 ? { killed } : {}) } }
  },
  async 'kafka-slow-encoder' () {
    const pictures = await referencePictures(2000)
    const result = await kafkaSlowEncoder(Math.min(Number(values.images), 20_000), i => pictures[i % pictures.length]!.png, tell)
    const [first = 0, second = 0, third = 0, last = Infinity] = result.quarters
    return { holds: result.codes === result.images && result.joins === 1 && result.failures === 0 && last <= Math.max(first, second, third) * 1.1, result }
  },
  async 'slow-encoder' () {
    const pictures = await referencePictures(2000)
    const result = await slowEncoder(Number(values.images), i => pictures[i % pictures.length]!.png, 2, tell)
    const [first = 0, second = 0, third = 0, last = Infinity] = result.quarters
    return { holds: result.coded === result.images && last <= Math.max(first, second, third) * 1.1, result }
  }
}

for (const name of positionals.length > 0 ? positionals : Object.keys(proofs)) {
  const proof = proofs[name]
  if (proof === undefined) {
    console.error(`there is no proof ${name}; there are ${Object.keys(proofs).join(', ')}`)
    process.exit(2)
  }
  const { holds, result } = await proof()
  const page = { proof: name, holds, ...result, machine: { cpu: cpus()[0]?.model, cores: cpus().length }, node: process.versions.node, date: new Date().toISOString().slice(0, 10) }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(page, undefined, 1)}\n`)
  console.log(`${name}: ${holds ? 'holds' : 'DOES NOT HOLD'} ${JSON.stringify({ ...result, samples: undefined })}`)
  if (!holds) process.exitCode = 1
}
