import { setTimeout as sleep } from 'node:timers/promises'
import type { HammingbirdClient, Position, SetAsideEntry } from '../client/index.js'

/** Decoding takes a moment: so long is waited for it, when all else is done. */
const WAIT_MS = 1000
const EVERY_MS = 50
/** As many as are counted one by one. */
const MOST = 1000

/** From which position to which images were published, in each partition. */
export class PublishedRange {
  readonly #ranges = new Map<number, { readonly from: number, readonly to: number }>()

  add ({ partition, offset }: Position): void {
    const { from = offset } = this.#ranges.get(partition) ?? {}
    this.#ranges.set(partition, { from, to: offset })
  }

  has ({ topic, partition, offset }: Position, imagesTopic: string): boolean {
    const range = this.#ranges.get(partition)
    return topic === imagesTopic && range !== undefined && offset >= range.from && offset <= range.to
  }
}

/** What became of what was published, as far as it is known yet. */
export interface KeptOut {
  /** What was set aside of it, oldest first; at most 1000. */
  readonly entries: readonly SetAsideEntry[]
  /** There may be more than these: not all of it is decoded, or they are very many. */
  readonly more: boolean
}

/**
 * What was set aside of the images in a range, once all is decoded or a second has passed.
 *
 * @returns `undefined` where the server does not say.
 */
export async function keptOut (client: HammingbirdClient, published: PublishedRange, imagesTopic: string, signal: AbortSignal): Promise<KeptOut | undefined> {
  const untilMs = performance.now() + WAIT_MS
  try {
    let decoded = false
    while (!decoded && performance.now() < untilMs) {
      decoded = (await client.status({ signal, timeoutMs: WAIT_MS })).lagSeconds === 0
      await sleep(EVERY_MS, undefined, { signal }) // also when it is: what was set aside comes another way, a moment later
    }
    const { entries, nextPageToken } = await client.listSetAside({ pageSize: MOST }, { signal, timeoutMs: WAIT_MS })
    const ours = entries.filter(({ source }) => source !== undefined && published.has(source, imagesTopic))
    return { entries: ours.reverse(), more: !decoded || (nextPageToken !== '' && ours.length === entries.length) }
  } catch {
    signal.throwIfAborted()
    return undefined // what was published is published without it
  }
}
