import { setTimeout as sleep } from 'node:timers/promises'

/** Resolves when the work does, or the time is over: kafkajs may never answer to what a lost broker was asked. */
export async function within (ms: number, work: Promise<unknown>): Promise<void> {
  const waiting = new AbortController()
  await Promise.race([work, sleep(ms, undefined, { signal: waiting.signal }).catch(() => undefined)])
  waiting.abort()
}
