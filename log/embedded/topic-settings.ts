import { HammingbirdError, type FieldViolation } from '../../errors.js'
import type { TopicDescription, TopicSpec } from '../log.js'

/** What is kept of a topic's spec: all of it, with the defaults of the day it was made. */
export interface TopicSettings {
  readonly partitions: number
  readonly cleanup: TopicSpec['cleanup']
  readonly settledBy: string | undefined
  readonly retentionMs: number
  readonly deleteRetentionMs: number
  readonly maxCompactionLagMs: number
  readonly segmentMs: number
  readonly maxMessageBytes: number
}

const HOUR_MS = 3_600_000
const MOST_PARTITIONS = 10_000

/** @throws RangeError for a spec that no topic can have. */
export function settingsOf (spec: TopicSpec): TopicSettings {
  if (!/^(?!\.{1,2}$)[\w.-]{1,249}$/.test(spec.name)) throw new RangeError(`a topic's name is 1 to 249 of a-z A-Z 0-9 . _ -, got ${JSON.stringify(spec.name)}`)
  if (!Number.isInteger(spec.partitions) || spec.partitions < 1 || spec.partitions > MOST_PARTITIONS) {
    throw new RangeError(`partitions must be an integer from 1 to ${MOST_PARTITIONS}, got ${spec.partitions}`)
  }
  const { retentionMs = 7 * 24 * HOUR_MS, deleteRetentionMs = 7 * 24 * HOUR_MS, maxCompactionLagMs = 24 * HOUR_MS, segmentMs = HOUR_MS, maxMessageBytes = 17 * 2 ** 20 } = spec
  for (const [name, number] of Object.entries({ retentionMs, deleteRetentionMs, maxCompactionLagMs, segmentMs, maxMessageBytes })) {
    if (!Number.isSafeInteger(number) || number < 1) throw new RangeError(`${name} must be an integer of 1 or more, got ${number}`)
  }
  if (spec.cleanup === 'settled' && !spec.settledBy) throw new RangeError('a topic whose records go when they are settled needs settledBy: the group that settles them')
  return { partitions: spec.partitions, cleanup: spec.cleanup, settledBy: spec.settledBy, retentionMs, deleteRetentionMs, maxCompactionLagMs, segmentMs, maxMessageBytes }
}

/** Holds the settings of an existing topic to what a spec asks: that records stay as long, and as large ones fit. */
export function checkSettings ({ name, partitionsAtLeast = false }: TopicSpec, there: TopicSettings, asked: TopicSettings): void {
  const violations: FieldViolation[] = []
  const hold = (holds: boolean, field: keyof TopicSettings, want: string) => {
    if (!holds) violations.push({ field, description: `is ${there[field]}, and ${want} is asked` })
  }
  hold(partitionsAtLeast ? there.partitions >= asked.partitions : there.partitions === asked.partitions, 'partitions', `${asked.partitions}${partitionsAtLeast ? ' or more' : ''}`)
  hold(there.cleanup === asked.cleanup, 'cleanup', asked.cleanup)
  hold(there.maxMessageBytes >= asked.maxMessageBytes, 'maxMessageBytes', `${asked.maxMessageBytes} or more`)
  if (asked.cleanup === 'settled') hold(there.settledBy === asked.settledBy, 'settledBy', `${asked.settledBy}`)
  if (asked.cleanup === 'compact') hold(there.deleteRetentionMs >= asked.deleteRetentionMs, 'deleteRetentionMs', `${asked.deleteRetentionMs} or more`)
  if (asked.cleanup === 'delete' || asked.cleanup === 'settled') hold(there.retentionMs >= asked.retentionMs, 'retentionMs', `${asked.retentionMs} or more`)
  if (violations.length === 0) return
  const said = violations.map(({ field, description }) => `${field} ${description}`).join('; ')
  throw new HammingbirdError('HAMMINGBIRD_TOPIC_SETTINGS', `topic ${name}: ${said}`, { violations })
}

export function describe (name: string, { partitions, cleanup, deleteRetentionMs }: TopicSettings): TopicDescription {
  return { name, partitions, deleteRetentionMs, cleanup }
}
