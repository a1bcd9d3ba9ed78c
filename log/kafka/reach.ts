import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { HammingbirdError } from '../../errors.js'
import type { KafkaConnection } from './client.js'

const WAIT_MS = 3000
/** ApiVersions, version 0, which every broker answers before anyone has logged in: its length, API 18, version 0, a number for the answer, no name. */
const QUESTION = Buffer.from('0000000a0012000048756d6dffff', 'hex')
const NUMBER = QUESTION.subarray(8, 12)
const ANSWER_BYTES = 8

/**
 * Resolves when one of the brokers answers as a broker does. kafkajs asks those that are not there for some 20 s before it says so, in words of its own,
 * and stumbles over what does not speak Kafka.
 *
 * @throws HammingbirdError `HAMMINGBIRD_LOG_UNAVAILABLE`, within 3 s, with what is wrong with each.
 */
export async function reach ({ brokers, tls }: Pick<KafkaConnection, 'brokers' | 'tls'>): Promise<void> {
  try {
    await Promise.any(brokers.map(broker => answers(broker, tls)))
  } catch (err) {
    const reasons = (err as AggregateError).errors.map(({ message }: Error) => message)
    throw new HammingbirdError('HAMMINGBIRD_LOG_UNAVAILABLE', `Kafka does not answer: ${reasons.join(', ')}; start it there, or say where it is: --brokers HOST:PORT`)
  }
}

async function answers (broker: string, tls: KafkaConnection['tls']): Promise<void> {
  const secure = tls !== undefined && tls !== false
  const at = broker.lastIndexOf(':')
  const place = { host: broker.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(broker.slice(at + 1)) }
  const socket: Socket = secure ? connectTls({ ...place, ...isIP(place.host) === 0 && { servername: place.host }, ...tls === true ? {} : tls }) : connect(place)
  try {
    await new Promise<void>((resolve, reject) => {
      let got = Buffer.alloc(0)
      const stranger = (): void => { reject(new Error(`what listens at ${broker} does not speak Kafka${secure ? ' over TLS' : ', or only with --tls'}`)) }
      socket.setTimeout(WAIT_MS, () => { reject(new Error(`nothing answers at ${broker}`)) })
      socket.once(secure ? 'secureConnect' : 'connect', () => { socket.write(QUESTION) })
      socket.on('data', data => {
        got = Buffer.concat([got, data])
        if (got.length < ANSWER_BYTES) return
        if (got.subarray(4, ANSWER_BYTES).equals(NUMBER)) resolve()
        else stranger()
      })
      socket.on('close', stranger)
      socket.on('error', (err: SocketError) => {
        if (err.code === 'ECONNRESET' || err.code === 'ERR_SSL_WRONG_VERSION_NUMBER') stranger()
        else reject(new Error(reasonOf(err, broker)))
      })
    })
  } finally {
    socket.destroy()
  }
}

interface SocketError extends Error {
  readonly code?: string
  /** OpenSSL's own words. */
  readonly reason?: string
}

function reasonOf ({ code, message, reason = message }: SocketError, broker: string): string {
  if (code === 'ECONNREFUSED') return `nothing listens at ${broker}`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `no host is known by the name in ${broker}`
  return `${broker}: ${reason}`
}
