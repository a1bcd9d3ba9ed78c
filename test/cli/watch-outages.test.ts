import test from 'ava'
import { watchOutages } from '../../cli/watch-outages.js'
import { EmbeddedLog } from '../../log/embedded-log.js'
import { COLLECTIONS } from '../../topics/names.js'
import { tempDirectory } from '../fixtures/temp-directory.js'

test('watchOutages: tells once that the log is away, and once that it is back', async t => {
  await using log = await EmbeddedLog.open({ directory: tempDirectory(t) })
  await log.createTopic({ name: COLLECTIONS, partitions: 1, cleanup: 'forever' })
  const told: string[] = []
  let toldOne = (): void => {}
  const tell = (line: string): void => {
    told.push(line)
    toldOne()
  }
  const next = (): Promise<void> => new Promise(resolve => { toldOne = resolve })
  let asked = 0
  let comeBack: (() => void) | undefined
  const away = new Promise<void>(resolve => { comeBack = resolve })
  const sometimes = {
    ends: async (topic: string) => {
      if (asked++ > 0) await away
      return log.ends(topic)
    }
  }
  const first = next()
  await using _watch = watchOutages(sometimes, { warn: tell, info: tell } as never, { everyMs: 10 })
  await first
  const second = next()
  comeBack!()
  await second
  t.is(told.length, 2)
  t.regex(told[0]!, /does not answer/)
  t.regex(told[1]!, /answers again/)
})
