import type { IHeaders, KafkaMessage, Message, TopicMessages } from 'kafkajs'
import { HammingbirdError } from '../../errors.js'
import type { Headers, LogRecord, NewRecord } from '../log.js'
import { partitionOfKey } from '../murmur2.js'

/** What must be known of a topic before a record may go there. */
export interface TopicLimits {
  readonly partitions: number
  /** Kafka's max.message.bytes: of a whole batch of records, with all that is around them. */
  readonly maxMessageBytes: number
  readonly compacted: boolean
}

/** Room in max.message.bytes for what Kafka writes around a record: a topic made here has that much more than asked. */
export const BATCH_OVERHEAD_BYTES = 1024
const RECORD_OVERHEAD_BYTES = 32
const HEADER_OVERHEAD_BYTES = 8
/** Brokers refuse a request of more than 100 MiB. */
const MOST_REQUEST_BYTES = 32 * 1024 * 1024

/** A record with its partition, on its way out. */
export interface Placed {
  readonly record: NewRecord
  readonly partition: number
  readonly sizeBytes: number
}

/**
 * Decides where records go, and refuses what the broker would refuse: one bad record would spoil the batch it is in.
 *
 * @param spread counts records without a key, which go to each partition in turn.
 */
export function place (records: readonly NewRecord[], limitsOf: (topic: string) => TopicLimits, spread: { count: number }): readonly Placed[] {
  return records.map(record => {
    const { topic, key, value, headers = {}, timestampMs } = record
    const { partitions, maxMessageBytes, compacted } = limitsOf(topic)
    if (compacted && key === null) throw new TypeError(`a record without a key in the compacted topic ${topic}: nothing would ever replace it`)
    if (timestampMs !== undefined && (!Number.isSafeInteger(timestampMs) || timestampMs < 0)) throw new RangeError(`timestampMs must be an integer of 0 or more, got ${timestampMs}`)
    const partition = record.partition ?? (key === null ? spread.count++ % partitions : partitionOfKey(key, partitions))
    if (!Number.isInteger(partition) || partition < 0 || partition >= partitions) throw new RangeError(`topic ${topic} has partitions 0 to ${partitions - 1}, got ${partition}`)
    const headerBytes = Object.entries(headers).reduce((sum, [name, bytes]) => sum + Buffer.byteLength(name) + bytes.length + HEADER_OVERHEAD_BYTES, 0)
    const sizeBytes = RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0) + headerBytes
    if (sizeBytes - RECORD_OVERHEAD_BYTES > maxMessageBytes - BATCH_OVERHEAD_BYTES) {
      throw new HammingbirdError('HAMMINGBIRD_MESSAGE_TOO_LARGE', `a record of ${sizeBytes} bytes: topic ${topic} takes ${maxMessageBytes - BATCH_OVERHEAD_BYTES}`)
    }
    return { record, partition, sizeBytes }
  })
}

/**
 * Cuts records into requests, in their order: Kafka makes one batch of all records of a request for one partition, and
 * a batch may not be larger than the topic's largest message.
 */
export function requestsOf (placed: readonly Placed[], limitsOf: (topic: string) => TopicLimits): readonly (readonly Placed[])[] {
  const requests: Placed[][] = []
  let batches = new Map<string, number>()
  let requestBytes = Infinity
  for (const one of placed) {
    const batch = `${one.partition} ${one.record.topic}`
    const batchBytes = (batches.get(batch) ?? BATCH_OVERHEAD_BYTES / 2) + one.sizeBytes
    // A record alone in its batch always goes: place() has found it small enough.
    if (requestBytes + one.sizeBytes > MOST_REQUEST_BYTES || (batches.has(batch) && batchBytes > limitsOf(one.record.topic).maxMessageBytes)) {
      requests.push([])
      batches = new Map()
      requestBytes = 0
    }
    requests.at(-1)!.push(one)
    batches.set(batch, (batches.get(batch) ?? BATCH_OVERHEAD_BYTES / 2) + one.sizeBytes)
    requestBytes += one.sizeBytes
  }
  return requests
}

export function topicMessagesOf (request: readonly Placed[]): TopicMessages[] {
  const byTopic = new Map<string, Message[]>()
  for (const { record: { topic, key, value, headers, timestampMs }, partition } of request) {
    let messages = byTopic.get(topic)
    if (messages === undefined) byTopic.set(topic, messages = [])
    messages.push({ key, value, partition, headers: headers as IHeaders | undefined ?? {}, timestamp: String(timestampMs ?? Date.now()) })
  }
  return [...byTopic].map(([topic, messages]) => ({ topic, messages }))
}

export function recordOf (topic: string, partition: number, { offset, key, value, headers, timestamp }: KafkaMessage): LogRecord {
  return { topic, partition, offset: Number(offset), key, value, headers: headersOf(headers), timestampMs: Number(timestamp) }
}

/** What a record weighs among those fetched ahead. */
export function weightOf ({ key, value }: LogRecord): number {
  return 64 + (key?.length ?? 0) + (value?.length ?? 0)
}

function headersOf (foreign: IHeaders | undefined): Headers {
  const headers: Record<string, Buffer> = Object.create(null) as Record<string, Buffer> // a header may be called __proto__
  for (const [name, given] of Object.entries(foreign ?? {})) {
    const last = Array.isArray(given) ? given.at(-1) : given
    if (last !== undefined) headers[name] = typeof last === 'string' ? Buffer.from(last) : last
  }
  return headers
}
