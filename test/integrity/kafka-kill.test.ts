import test from 'ava'
import { missing as missingForBroker } from '../../dev/kafka/class-path.js'
import { missing } from '../fixtures/evaluation-data.js'
import { KafkaDeployment } from './kafka-deployment.js'
import { killTest } from './kill.js'
import { referencePictures } from './reference-pictures.js'

test('kill: a broker, a producer, pipelines, a server and their workers killed at random lose nothing, double nothing, bring nothing back', async t => {
  if (missing(t, 'cifar10')) return
  const lacks = await missingForBroker()
  if (lacks !== undefined) {
    t.log(lacks)
    t.pass()
    return
  }
  t.timeout(400_000)
  let deployment: KafkaDeployment | undefined
  const open = async (directory: string, random: () => number): Promise<KafkaDeployment> => deployment = await KafkaDeployment.open(directory, random)
  const result = await killTest({ open, pictures: await referencePictures(100), ids: 60, kills: 8, serverKills: 5, seed: 3, tell: line => { t.log(line) } })
  t.log(`killed: ${deployment!.killed.join(', ')}, and ${result.workerKills} workers`)
  t.deepEqual([...new Set(deployment!.killed)].sort(), ['broker', 'first-pipeline', 'producer', 'second-pipeline', 'server'])
  t.deepEqual(result.differences, [])
  t.is(result.unexpectedExits, 0, deployment!.lastWords)
  t.is(result.exitCode, 0)
})
