import { setTimeout as sleep } from 'node:timers/promises'
import { codeOf, notFound } from '../errors.js'
import type { Backfill, HammingbirdClient } from '../client/index.js'

const EVERY_MS = 500
const number = new Intl.NumberFormat('en')
/** What passes by itself while a server is down or starts. */
const PASSING: ReadonlySet<string> = new Set(['HAMMINGBIRD_UNREACHABLE', 'HAMMINGBIRD_NOT_OPEN', 'HAMMINGBIRD_VERSION_NOT_READY', 'HAMMINGBIRD_DEADLINE'])

/**
 * Resolves when a version has caught up with the others. A server that goes away meanwhile is waited for.
 *
 * @param tell a line of progress.
 */
export async function untilCaughtUp (client: HammingbirdClient, version: string, signal: AbortSignal, tell: (text: string) => void): Promise<void> {
  for (;;) {
    try {
      const [backfill] = await client.models.backfill(version, { signal })
      if (backfill === undefined) throw notFound('version', version)
      if (backfill.caughtUp) return
      tell(`${backfill.version}: ${backfillLine(backfill)}`)
    } catch (err) {
      if (!isPassing(err)) throw err
      tell(`${version}: the server does not answer; waiting for it`)
    }
    await sleep(EVERY_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

/** Whether waiting mends it: a server that is down, or starts. */
export function isPassing (err: unknown): boolean {
  return PASSING.has(codeOf(err))
}

/** `1,234 of 2,000 coded · 3 set aside · 80 images/s · 10 s left` */
export function backfillLine ({ coded, setAside, waiting, imagesPerSecond, remaining, caughtUp }: Backfill): string {
  return [
    `${number.format(coded)} of ${number.format(coded + setAside + waiting)} coded`,
    ...(setAside > 0 ? [`${number.format(setAside)} set aside`] : []),
    ...(caughtUp ? ['caught up'] : []),
    ...(!caughtUp && imagesPerSecond >= 1 ? [`${number.format(Math.round(imagesPerSecond))} images/s`] : []),
    ...(remaining ? [`${timeLeft(remaining.seconds)} left`] : [])
  ].join(' · ')
}

export function timeLeft (seconds: number): string {
  return seconds < 120 ? `${seconds} s` : seconds < 7200 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3600)} h`
}
