import test from 'ava'
import { missing as missingForBroker } from '../../dev/kafka/class-path.js'
import { missing } from '../fixtures/evaluation-data.js'
import { KafkaDeployment } from './kafka-deployment.js'
import { referencePictures } from './reference-pictures.js'
import { versionsTest } from './versions.js'

test('versions: published, promoted and rolled back over Kafka, with broker, pipelines and server killed: no query fails, none is of two versions, nothing is missing', async t => {
  if (missing(t, 'cifar10')) return
  const lacks = await missingForBroker()
  if (lacks !== undefined) {
    t.log(lacks)
    t.pass()
    return
  }
  t.timeout(600_000)
  const open = (directory: string, random: () => number): Promise<KafkaDeployment> => KafkaDeployment.open(directory, random)
  const result = await versionsTest({ open, pictures: await referencePictures(40), images: 80, publishesPerSecond: 5, searchers: 1, killsBetween: 1, seed: 4, tell: line => { t.log(line) } })
  t.deepEqual(result.failed, [])
  t.deepEqual(result.mixed, [])
  t.deepEqual(result.differences, [])
  t.is(result.unexpectedExits, 0)
  t.is(result.exitCode, 0)
})
