import { setTimeout as sleep } from 'node:timers/promises'
import { codeOf } from '../errors.js'
import type { Logger } from '../telemetry/logger.js'
import { Resources } from './resources.js'
import { unlessEnded } from './unless-ended.js'
import { untilAsked } from './until-asked.js'

const PAUSE_MS = 1000

/**
 * The life of a process on Kafka: everything is opened, and closed when the process is asked to end. While no broker answers it
 * goes on trying, so that the parts of a deployment may come up in any order, and says why it does, once for each reason. The process ends after it,
 * however this ended.
 *
 * @param brokers as they were given, for the log.
 * @param open opens everything, and keeps in `resources` what is to be closed; what it throws but `HAMMINGBIRD_LOG_UNAVAILABLE` ends it.
 */
export async function liveOnKafka (logger: Logger, brokers: string, open: (resources: Resources) => Promise<void>): Promise<void> {
  const ended = new AbortController()
  const asked = untilAsked().then(() => {
    process.stdout.write('stopping: what is in hand is finished; Ctrl-C again stops at once\n')
    ended.abort()
  })
  logger.info(`asking Kafka at ${brokers}`)
  let told: string | undefined // why it did not answer
  try {
    while (!ended.signal.aborted) {
      await using resources = new Resources()
      try {
        // Asking brokers that do not answer takes long, and nothing is in hand yet.
        if (!await unlessEnded(open(resources), ended.signal, PAUSE_MS)) break
      } catch (err) {
        if (codeOf(err) !== 'HAMMINGBIRD_LOG_UNAVAILABLE') throw err
        const { message } = err as Error
        if (message !== told) logger.warn({ code: codeOf(err) }, `${message}. It is asked again until it answers`)
        told = message
        await unlessEnded(sleep(PAUSE_MS), ended.signal)
        continue
      }
      if (told !== undefined) logger.info('Kafka answers')
      await asked
    }
  } finally {
    setImmediate(() => { process.exit() }) // kafkajs may keep a connection that it has lost sight of: what is closed must not go on for it
  }
}
