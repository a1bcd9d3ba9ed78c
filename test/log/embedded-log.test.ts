import type { ExecutionContext } from 'ava'
import { EmbeddedLog } from '../../log/embedded-log.js'
import type { Log } from '../../log/log.js'
import { tempDirectory } from '../fixtures/temp-directory.js'
import { logSuite } from '../suites/log.js'
import type { LogGround } from '../suites/log/ground.js'

logSuite('EmbeddedLog', async t => new EmbeddedGround(t))

/** A directory, and a clock that only tests move. */
class EmbeddedGround implements LogGround {
  readonly sessionTimeoutMs = 150
  readonly runs = 15
  readonly retentionMs = 3_600_000
  readonly dropsSettled = true
  readonly #directory: string
  #nowMs = 1_700_000_000_000

  constructor (t: ExecutionContext) {
    this.#directory = tempDirectory(t)
  }

  open (): Promise<EmbeddedLog> {
    return EmbeddedLog.open({ directory: this.#directory, clock: () => this.#nowMs++, cleanEveryMs: Infinity })
  }

  async clean (log: Log, topic: string, ms: number, done: () => Promise<boolean>): Promise<void> {
    for (let passes = 8; passes > 0; passes--) { // they come all the time
      this.#nowMs += ms / 8
      await (log as EmbeddedLog).clean()
    }
    if (!await done()) throw new Error(`topic ${topic} was not cleaned up`)
  }
}
