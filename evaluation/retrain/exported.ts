import { setTimeout as sleep } from 'node:timers/promises'
import type { HammingbirdClient } from '../../client/index.js'
import { codeOf } from '../../errors.js'
import type { Item } from '../../proto/gen/hammingbird/v1/catalog.js'

/** Times in a row that nothing came before the server's absence is believed. */
const TRIES = 10
const EVERY_MS = 1000
/** What passes by itself while a server restarts, or a connection is lost. */
const PASSING: ReadonlySet<string> = new Set(['HAMMINGBIRD_UNREACHABLE', 'HAMMINGBIRD_NOT_OPEN'])

/**
 * Every labelled item with its picture, in order of id. A connection that is lost on the way is made anew, and the stream goes on behind the last
 * item that came: a large collection takes minutes.
 *
 * @throws what the server says; `HAMMINGBIRD_UNREACHABLE` when it stays away.
 */
export async function * exportedItems (client: Pick<HammingbirdClient, 'exportItems'>, signal: AbortSignal, everyMs = EVERY_MS): AsyncGenerator<Item, void, undefined> {
  let afterId = ''
  for (let tries = 0; ;) {
    try {
      for await (const item of client.exportItems({ labelled: true, pictures: true, afterId }, { signal })) {
        yield item
        afterId = item.id
        tries = 0
      }
      return
    } catch (err) {
      if (!PASSING.has(codeOf(err)) || ++tries === TRIES) throw err
      await sleep(everyMs, undefined, { signal }).catch(() => signal.throwIfAborted())
    }
  }
}
