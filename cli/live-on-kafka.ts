import { setTimeout as sleep } from 'node:timers/promises'
import { codeOf } from '../errors.js'
import type { Logger } from '../telemetry/logger.js'
import { Resources } from './resources.js'
import { unlessEnded } from './unless-ended.js'
import { untilAsked } from './until-asked.js'

const PAUSE_MS = 1000

/**
 * The life of a process on Kafka: everything is opened, and closed when the process is asked to end. While no broker answers it
 * goes on trying, so that the parts of a deployment may come up in any order. The process ends after it, however this ended.
 *
 * @param brokers as they were given: a wrong one shows only when nobody has answered for long, so they are logged at once.
 * @param open opens everything, and keeps in `resources` what is to be closed; what it throws but `HAMMINGBIRD_LOG_UNAVAILABLE` ends it.
 */
export async function liveOnKafka (logger: Logger, brokers: string, open: (resources: Resources) => Promise<void>): Promise<void> {
  const ended = new AbortController()
  const asked = untilAsked().then(() => {
    process.stdout.write('stopping: what is in hand is finished; Ctrl-C again stops at once\n')
    ended.abort()
  })
  logger.info(`asking Kafka at ${brokers}`)
  try {
    while (!ended.signal.aborted) {
      await using resources = new Resources()
      try {
        // Asking brokers that do not answer takes long, and nothing is in hand yet.
        if (!await unlessEnded(open(resources), ended.signal, PAUSE_MS)) break
      } catch (err) {
        if (codeOf(err) !== 'HAMMINGBIRD_LOG_UNAVAILABLE') throw err
        logger.warn({ err }, 'Kafka does not answer yet, trying again')
        await unlessEnded(sleep(PAUSE_MS), ended.signal)
        continue
      }
      await asked
    }
  } finally {
    setImmediate(() => { process.exit() }) // kafkajs may keep a connection that it has lost sight of: what is closed must not go on for it
  }
}
