import { HammingbirdError, type FieldViolation } from '../../errors.js'
import type { TopicDescription, TopicSpec } from '../log.js'
import { BATCH_OVERHEAD_BYTES } from './records.js'

/** A topic's settings as Kafka names them. */
export type TopicConfig = ReadonlyMap<string, string>

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const FOR_EVER = '-1'

/** @throws RangeError for a spec that no topic can have. */
export function configOf ({ name, partitions, cleanup, settledBy, retentionMs = 7 * DAY_MS, deleteRetentionMs = 7 * DAY_MS, maxCompactionLagMs = DAY_MS, segmentMs = HOUR_MS, maxMessageBytes = 17 * 2 ** 20 }: TopicSpec): TopicConfig {
  if (!/^(?!\.{1,2}$)[\w.-]{1,249}$/.test(name)) throw new RangeError(`a topic's name is 1 to 249 of a-z A-Z 0-9 . _ -, got ${JSON.stringify(name)}`)
  for (const [field, number] of Object.entries({ partitions, retentionMs, deleteRetentionMs, maxCompactionLagMs, segmentMs, maxMessageBytes })) {
    if (!Number.isSafeInteger(number) || number < 1) throw new RangeError(`${field} must be an integer of 1 or more, got ${number}`)
  }
  if (cleanup === 'settled' && !settledBy) throw new RangeError('a topic whose records go when they are settled needs settledBy: the group that settles them')
  const common = [['max.message.bytes', String(maxMessageBytes + BATCH_OVERHEAD_BYTES)], ['segment.ms', String(segmentMs)], ['message.timestamp.type', 'CreateTime']] as const
  if (cleanup === 'compact') {
    return new Map([...common, ['cleanup.policy', 'compact'], ['delete.retention.ms', String(deleteRetentionMs)], ['max.compaction.lag.ms', String(maxCompactionLagMs)]])
  }
  return new Map([...common, ['cleanup.policy', 'delete'], ['retention.bytes', FOR_EVER], ['retention.ms', cleanup === 'forever' ? FOR_EVER : String(retentionMs)]])
}

/**
 * Holds an existing topic to what a spec asks: that records stay as long and are compacted as soon, and that large ones
 * fit. Of a topic that may be the user's own (`partitionsAtLeast`), how long and how large is for the user to say.
 */
export function checkTopic ({ name, partitions, partitionsAtLeast = false, cleanup }: TopicSpec, asked: TopicConfig, there: { readonly partitions: number, readonly config: TopicConfig }): void {
  const violations: FieldViolation[] = []
  const hold = (holds: boolean, field: string, description: string): void => {
    if (!holds) violations.push({ field, description })
  }
  hold(partitionsAtLeast ? there.partitions >= partitions : there.partitions === partitions, 'partitions', `is ${there.partitions}, and ${partitions}${partitionsAtLeast ? ' or more' : ''} is asked`)
  const value = (field: string): number => Number(there.config.get(field))
  const least = (field: string): void => {
    hold(value(field) >= Number(asked.get(field)), field, `is ${value(field)}, and ${asked.get(field)} or more is asked`)
  }
  const policy = there.config.get('cleanup.policy')
  hold(policy === asked.get('cleanup.policy'), 'cleanup.policy', `is ${policy}, and ${asked.get('cleanup.policy')} is asked`)
  if (cleanup === 'compact') {
    least('delete.retention.ms')
    hold(value('max.compaction.lag.ms') <= Number(asked.get('max.compaction.lag.ms')), 'max.compaction.lag.ms', `is ${value('max.compaction.lag.ms')}, and ${asked.get('max.compaction.lag.ms')} or less is asked`)
  } else if (!partitionsAtLeast) {
    const kept = there.config.get('retention.ms') === FOR_EVER || (cleanup !== 'forever' && value('retention.ms') >= Number(asked.get('retention.ms')))
    hold(kept, 'retention.ms', `is ${there.config.get('retention.ms')}, and ${asked.get('retention.ms')}${cleanup === 'forever' ? '' : ' or more'} is asked`)
    hold(there.config.get('retention.bytes') === FOR_EVER, 'retention.bytes', `is ${there.config.get('retention.bytes')}, and ${FOR_EVER} is asked`)
  }
  if (!partitionsAtLeast) hold(value('max.message.bytes') >= Number(asked.get('max.message.bytes')) - BATCH_OVERHEAD_BYTES, 'max.message.bytes', `is ${value('max.message.bytes')}, and ${asked.get('max.message.bytes')} or more is asked`)
  if (violations.length === 0) return
  const said = violations.map(({ field, description }) => `${field} ${description}`).join('; ')
  throw new HammingbirdError('HAMMINGBIRD_TOPIC_SETTINGS', `topic ${name} (cleanup ${cleanup} is asked): ${said}`, { violations })
}

/** Kafka does not know of `settled`: such a topic reads as `delete`. */
export function describe (name: string, partitions: number, config: TopicConfig): TopicDescription {
  const cleanup = config.get('cleanup.policy')!.includes('compact') ? 'compact' : config.get('retention.ms') === FOR_EVER ? 'forever' : 'delete'
  return { name, partitions, deleteRetentionMs: Number(config.get('delete.retention.ms')), cleanup }
}
