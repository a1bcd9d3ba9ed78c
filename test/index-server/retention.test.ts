import { EmbeddedLog } from '../../log/embedded-log.js'
import { tempDirectory } from '../fixtures/temp-directory.js'
import { retentionSuite } from '../suites/retention.js'

retentionSuite('EmbeddedLog', async t => {
  const log = await EmbeddedLog.open({ directory: tempDirectory(t), cleanEveryMs: Infinity })
  t.teardown(() => log.close())
  return { log, clean: () => log.clean() }
})
