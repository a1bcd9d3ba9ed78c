import { HammingbirdError, invalid } from '../../errors.js'

/** What kafkajs says of a failure, innermost first: it wraps what it gave up on. */
interface Foreign {
  readonly name?: string
  readonly message?: string
  /** Kafka's own name of the error. */
  readonly type?: string
  readonly code?: number | string
  readonly cause?: unknown
}

/** Kafka's name of the error at the bottom of `err`: `UNKNOWN_TOPIC_OR_PARTITION`; `undefined` for none of Kafka's. */
export function kafkaTypeOf (err: unknown): string | undefined {
  for (let at = err as Foreign | undefined; typeof at === 'object' && at !== null; at = at.cause as Foreign | undefined) {
    if (typeof at.type === 'string') return at.code === 90 ? 'PRODUCER_FENCED' : at.type // younger than kafkajs
  }
  return undefined
}

const fenced = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'INVALID_PRODUCER_ID_MAPPING', 'INVALID_TXN_STATE', 'FENCED_INSTANCE_ID'])
const membership = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS'])

/** Whether another producer of the same name has begun since. */
export function isFenced (err: unknown): boolean {
  return fenced.has(kafkaTypeOf(err) ?? '')
}

/** Whether the topic is not there; just after it was made, also: not there yet. */
export function isUnknownTopic (err: unknown): boolean {
  return kafkaTypeOf(err) === 'UNKNOWN_TOPIC_OR_PARTITION'
}

/** Where no broker answers, kafkajs now and then stumbles over the answer it has not got. */
function isOfKafkajs (err: Error): boolean {
  const thrower = err.stack?.split('\n').find(line => /^\s+at /.test(line)) ?? ''
  return /[\\/]kafkajs[\\/]/.test(thrower)
}

/**
 * Makes one of our errors of one of kafkajs's.
 *
 * @param doing what failed, for people: `appending to default.images`.
 */
export function fromKafka (err: unknown, doing: string): Error {
  if (err instanceof HammingbirdError) return err
  if ((err instanceof TypeError || err instanceof RangeError) && !isOfKafkajs(err)) return err
  const { name, message = String(err) } = err as Foreign
  const type = kafkaTypeOf(err) ?? ''
  const text = `${doing}: ${message}`
  if (fenced.has(type) || membership.has(type)) return new HammingbirdError('HAMMINGBIRD_LOG_FENCED', text, { cause: err })
  if (type === 'MESSAGE_TOO_LARGE' || type === 'RECORD_LIST_TOO_LARGE') return new HammingbirdError('HAMMINGBIRD_MESSAGE_TOO_LARGE', text, { cause: err })
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return new HammingbirdError('HAMMINGBIRD_NOT_FOUND', text, { cause: err })
  if (type.endsWith('AUTHORIZATION_FAILED') || type === 'SASL_AUTHENTICATION_FAILED' || name === 'KafkaJSSASLAuthenticationError') {
    return invalid('kafka', `Kafka does not let us in: ${text}`)
  }
  return new HammingbirdError('HAMMINGBIRD_LOG_UNAVAILABLE', text, { cause: err })
}
