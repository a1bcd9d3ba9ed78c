import test from 'ava'
import { missing } from '../fixtures/evaluation-data.js'
import { killTest } from './kill.js'
import { referencePictures } from './reference-pictures.js'

test('kill: a server and its workers killed at random lose nothing, double nothing, bring nothing back', async t => {
  if (missing(t, 'cifar10')) return
  t.timeout(240_000)
  const result = await killTest({ pictures: await referencePictures(200), ids: 200, kills: 8, seed: 7, tell: line => { t.log(line) } })
  t.deepEqual(result.differences, [])
  t.is(result.unexpectedExits, 0)
  t.is(result.exitCode, 0)
  t.true(result.serverKills + result.workerKills >= 8)
})
