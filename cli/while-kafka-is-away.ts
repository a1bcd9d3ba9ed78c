import { setTimeout as sleep } from 'node:timers/promises'
import { codeOf } from '../errors.js'
import type { Logger } from '../telemetry/logger.js'

const PAUSE_MS = 1000

/**
 * Starts a process that lives on Kafka. While no broker answers it is not started, and goes on trying: so that the parts
 * of a deployment may come up in any order.
 *
 * @param asked resolves when the process is to end.
 * @param start opens everything, or closes what it has opened and throws.
 */
export async function whileKafkaIsAway<T> (logger: Logger, asked: Promise<void>, start: () => Promise<T>): Promise<T | undefined> {
  const ended = new AbortController()
  void asked.then(() => { ended.abort() })
  while (!ended.signal.aborted) {
    try {
      return await start()
    } catch (err) {
      if (codeOf(err) !== 'HAMMINGBIRD_LOG_UNAVAILABLE') throw err
      logger.warn({ err }, 'Kafka does not answer yet, trying again')
      await Promise.race([sleep(PAUSE_MS), asked])
    }
  }
  return undefined
}
