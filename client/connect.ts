import { connectivityState, type Client } from '@grpc/grpc-js'
import { HammingbirdError } from '../errors.js'

/**
 * Waits until the server answers the connection.
 *
 * @param waitMs how long to try on while nobody listens there. 0: the first refusal counts.
 * @throws HammingbirdError `HAMMINGBIRD_UNREACHABLE`
 */
export async function connect (client: Client, server: string, { connectTimeoutMs, waitMs }: { connectTimeoutMs: number, waitMs: number }): Promise<void> {
  const channel = client.getChannel()
  const begun = Date.now()
  const end = begun + Math.max(connectTimeoutMs, waitMs)
  while (true) {
    const state = channel.getConnectivityState(true)
    if (state === connectivityState.READY) return
    const now = Date.now()
    if (now >= end || (state === connectivityState.TRANSIENT_FAILURE && now >= begun + waitMs)) throw new HammingbirdError('HAMMINGBIRD_UNREACHABLE', `no server answers at ${server}`)
    // Also back in time for the end of the wait, when nothing changes meanwhile.
    const look = state === connectivityState.TRANSIENT_FAILURE ? begun + waitMs : end
    await new Promise<void>(resolve => channel.watchConnectivityState(state, look, () => resolve()))
  }
}
