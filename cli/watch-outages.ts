import type { Log } from '../log/log.js'
import type { Logger } from '../telemetry/logger.js'
import { COLLECTIONS } from '../topics/names.js'

export interface OutageOptions {
  /** How often the log is asked. @default 5000 */
  readonly everyMs?: number
}

/** An answer that takes so many times as long as there is between two questions does not come. */
const PATIENCE = 2

/**
 * Asks the log now and then, and tells when it stops answering and when it answers again: readers and members wait for a
 * log that is away without a word.
 */
export function watchOutages (log: Pick<Log, 'ends'>, logger: Pick<Logger, 'warn' | 'info'>, { everyMs = 5000 }: OutageOptions = {}): AsyncDisposable {
  let answeredMs = performance.now()
  let asking = false
  let away = false

  const ask = async (): Promise<void> => {
    asking = true
    try {
      await log.ends(COLLECTIONS)
      if (away) logger.info(`the log answers again, after ${Math.round((performance.now() - answeredMs) / 1000)} s`)
      away = false
      answeredMs = performance.now()
    } catch {
      // It is asked again, and what it says the readers tell.
    } finally {
      asking = false
    }
  }

  const timer = setInterval(() => {
    if (!away && performance.now() - answeredMs > PATIENCE * everyMs) {
      away = true
      logger.warn('the log does not answer: what is searchable stays so, nothing new comes until it is back')
    }
    if (!asking) void ask()
  }, everyMs)
  return { [Symbol.asyncDispose]: async () => { clearInterval(timer) } }
}
