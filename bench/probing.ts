import { setTimeout as sleep } from 'node:timers/promises'
import type { HammingbirdClient } from '../client/index.js'
import { isFound } from './is-found.js'
import { quantile } from './report.js'

export interface Probing {
  readonly client: HammingbirdClient
  readonly seconds: number
  /** Publishes the image of a probe. */
  readonly publish: (id: string, probe: number) => Promise<void>
  /** The load that runs meanwhile, for a second before and as long as the probes are published. */
  readonly load: Promise<void>
}

export const PROBES_PER_SECOND = 20
const ASK_EVERY_MS = 5
const BEFORE_MS = 1000

/**
 * Publishes 20 probes a second, in an open loop; every 5 ms the oldest that is not found is searched by its id.
 *
 * @returns for each probe, how long it took until it was found, in milliseconds, from before it was published.
 */
export async function probe ({ client, seconds, publish, load }: Probing): Promise<readonly number[]> {
  const foundMs: number[] = []
  const outstanding: { readonly id: string, readonly begunMs: number }[] = []
  const probes = PROBES_PER_SECOND * seconds
  const publishing = Promise.all(Array.from({ length: probes }, async (_, i) => {
    await sleep(BEFORE_MS + i * 1000 / PROBES_PER_SECOND)
    const id = `probe/${i}`
    outstanding.push({ id, begunMs: performance.now() })
    await publish(id, i)
  }))
  // Only the oldest is asked for: asking for all would be a load of its own.
  while (foundMs.length < probes) {
    const oldest = outstanding[0]
    if (oldest !== undefined && await isFound(client, oldest.id)) {
      foundMs.push(performance.now() - oldest.begunMs)
      outstanding.shift()
    } else await sleep(ASK_EVERY_MS)
  }
  await Promise.all([publishing, load])
  return foundMs
}

/** How probes are told of in a row of results. */
export function foundAfter (foundMs: readonly number[]): Readonly<Record<'p50' | 'p90' | 'p99' | 'max', number>> {
  return { p50: quantile(foundMs, 0.5), p90: quantile(foundMs, 0.9), p99: quantile(foundMs, 0.99), max: Math.max(...foundMs) }
}
