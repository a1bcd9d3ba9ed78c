import { setTimeout as sleep } from 'node:timers/promises'
import { HammingbirdError } from '../../errors.js'
import type { Administrator } from './admin.js'
import { ownPartitions } from './assigner.js'
import type { KafkaConnection } from './client.js'
import { Subscription } from './subscription.js'

const SESSION_TIMEOUT_MS = 6000
/** A killed process is missed after its session: its next life waits that long. */
const PATIENCE_MS = SESSION_TIMEOUT_MS + 6000
const PAUSE_MS = 250
/** An answer that took so long says that the brokers were away: they begin all sessions anew when they are back. */
const AWAY_MS = 2000
const RETRY_MS = 500

/**
 * Takes a name that one process may have at a time, for as long as it is not disposed of: by being in a group of that
 * name, in which nobody else is. It guards against a mistake, not against malice: two that ask in the same instant may
 * both be told yes.
 *
 * @param topic any that is there; nothing of it is read.
 * @throws HammingbirdError `HAMMINGBIRD_LOCKED` when another process has it.
 */
export async function holdName (name: string, topic: string, connection: KafkaConnection, administrator: Administrator): Promise<AsyncDisposable> {
  for (let sinceMs = performance.now(); ; await sleep(PAUSE_MS)) {
    const askedMs = performance.now()
    if (!await isHeld(name, administrator)) break
    if (performance.now() - askedMs > AWAY_MS) sinceMs = performance.now()
    if (performance.now() - sinceMs > PATIENCE_MS) throw new HammingbirdError('HAMMINGBIRD_LOCKED', `another process has the name ${name}`)
  }
  const closing = new AbortController()
  const { signal } = closing
  let joined = (): void => {}
  const first = new Promise<void>(resolve => { joined = resolve })
  const running = (async () => {
    while (!signal.aborted) {
      const subscription = new Subscription({ connection, topic, group: name, sessionTimeoutMs: SESSION_TIMEOUT_MS, assigner: ownPartitions(topic, []), joined: () => { joined() }, fetched: () => {} })
      const onAbort = new Promise<void>(resolve => { signal.addEventListener('abort', () => { resolve() }, { once: true }) })
      await subscription.start().then(() => Promise.race([subscription.ended, onAbort]), () => undefined) // brokers that do not answer: tried again
      await subscription.close()
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined) // cut short by disposing
    }
  })()
  await first
  return {
    async [Symbol.asyncDispose] () {
      closing.abort()
      await running
    }
  }
}

async function isHeld (name: string, administrator: Administrator): Promise<boolean> {
  const { groups: [group] } = await administrator.ask(`asking who has the name ${name}`, admin => admin.describeGroups([name]))
  return (group?.members.length ?? 0) > 0
}
