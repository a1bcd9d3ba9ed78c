import test from 'ava'
import { openAllInOne, scratch, until } from '../../fixtures/all-in-one.js'

test('status: a log that does not answer is not waited for, and it is said since when nothing more is known', async t => {
  const { all: { log }, client } = await openAllInOne(t, await scratch(t))
  t.is((await client.status()).logSilentSeconds, 0)
  const ends = log.ends.bind(log)
  let comeBack = (): void => {}
  const away = new Promise<void>(resolve => { comeBack = resolve })
  log.ends = async topic => {
    await away
    return ends(topic)
  }
  const first = await client.status()
  t.true(first.logSilentSeconds >= 1.9, String(first.logSilentSeconds))
  t.is(first.lagSeconds, 0, 'as it was when the log last answered')
  t.true((await client.status()).logSilentSeconds > first.logSilentSeconds)
  comeBack()
  await until(async () => (await client.status()).logSilentSeconds === 0)
})
