import test from 'ava'
import { missing } from '../fixtures/evaluation-data.js'
import { referencePictures } from './reference-pictures.js'
import { versionsTest } from './versions.js'

test('versions: published, promoted and rolled back under load, with server and workers killed: no query fails, none is of two versions, nothing is missing', async t => {
  if (missing(t, 'cifar10')) return
  t.timeout(280_000)
  const result = await versionsTest({ pictures: await referencePictures(60), images: 120, publishesPerSecond: 10, searchers: 2, killsBetween: 1, seed: 5, tell: line => { t.log(line) } })
  t.deepEqual(result.failed, [])
  t.deepEqual(result.mixed, [])
  t.deepEqual(result.differences, [])
  t.is(result.unexpectedExits, 0)
  t.is(result.exitCode, 0)
  t.true(result.searches > 0 && result.serverKills + result.workerKills === 5)
})
