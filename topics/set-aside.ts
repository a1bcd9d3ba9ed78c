import type { ErrorCode } from '../errors.js'
import type { Headers, LogRecord, NewRecord, Position } from '../log/log.js'

/** Why a message was kept out. */
export interface SetAsideReason {
  readonly code: ErrorCode
  readonly message: string
  /** `ingest`, or `encode v7`. */
  readonly stage: string
}

/** What the headers of a message in C.set-aside say. */
export interface SetAsideFacts {
  readonly code: string
  readonly message: string
  readonly stage: string
  /** Its offset is `ELSEWHERE` where it was a place in another log. */
  readonly source: Position
}

/** Before every offset: whatever stands in this log is newer. */
export const ELSEWHERE = -1

/** The header names of Kafka Streams' dead letter queue (KIP-1034), so that its tools read ours. */
const EXCEPTION = '__streams.errors.exception'
const MESSAGE = '__streams.errors.message'
const TOPIC = '__streams.errors.topic'
const PARTITION = '__streams.errors.partition'
const OFFSET = '__streams.errors.offset'
const STAGE = 'hammingbird-stage'
const OURS: ReadonlySet<string> = new Set([EXCEPTION, MESSAGE, TOPIC, PARTITION, OFFSET, STAGE])

/** A message set aside: its key, bytes and headers as they came, and the reason beside them. */
export function setAsideRecord (topic: string, record: LogRecord, { code, message, stage }: SetAsideReason): NewRecord {
  return {
    topic,
    key: record.key,
    value: record.value,
    headers: {
      ...record.headers,
      [EXCEPTION]: Buffer.from(code),
      [MESSAGE]: Buffer.from(message),
      [TOPIC]: Buffer.from(record.topic),
      [PARTITION]: Buffer.from(String(record.partition)),
      [OFFSET]: Buffer.from(String(record.offset)),
      [STAGE]: Buffer.from(stage)
    }
  }
}

export function readSetAside (headers: Headers): SetAsideFacts {
  const text = (name: string): string => headers[name]?.toString('utf8') ?? ''
  return {
    code: text(EXCEPTION),
    message: text(MESSAGE),
    stage: text(STAGE),
    source: { topic: text(TOPIC), partition: Number(text(PARTITION)), offset: Number(text(OFFSET)) }
  }
}

/** The headers of a message set aside whose source stands at another offset now. */
export function movedSource (headers: Headers, offset: number): Headers {
  return { ...headers, [OFFSET]: Buffer.from(String(offset)) }
}

/** The headers a message had before it was set aside: what a replay publishes again. */
export function originalHeaders (headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OURS.has(name)))
}
