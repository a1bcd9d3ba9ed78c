import { createServer } from 'node:net'
import { HammingbirdError, invalid } from '../errors.js'

/** `host:port`, an IPv6 address in brackets. */
export function addressOf (host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Why nothing can listen at an address, in our codes. */
export function refusalOf (address: string, cause: Error): HammingbirdError {
  return cause.message.includes('EADDRINUSE')
    ? new HammingbirdError('HAMMINGBIRD_ADDRESS_IN_USE', `${address} is taken: another server runs there`, { cause })
    : invalid('address', `cannot listen at ${address}: ${reasonOf(cause.message)}`)
}

/**
 * Tries whether a server can listen at an address, before anything is made for one that cannot.
 *
 * @throws HammingbirdError `HAMMINGBIRD_ADDRESS_IN_USE` when something listens there, `HAMMINGBIRD_INVALID` for an address this machine does not have.
 */
export async function assertFree (host: string, port: number): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', cause => { reject(refusalOf(addressOf(host, port), cause)) })
    server.listen({ host, port }, resolve)
  })
  await new Promise(resolve => server.close(resolve))
}

function reasonOf (said: string): string {
  if (/EADDRNOTAVAIL/.test(said)) return 'this machine has no such address'
  if (/EACCES/.test(said)) return 'this user may not; ports below 1024 are for root'
  if (/ENOTFOUND|resolution/i.test(said)) return 'there is no such host'
  return said
}
