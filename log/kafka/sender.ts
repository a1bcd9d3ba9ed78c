import type { RecordMetadata, TopicMessages } from 'kafkajs'
import type { Position } from '../log.js'
import { requestsOf, topicMessagesOf, type Placed, type TopicLimits } from './records.js'

/** A producer or a transaction. */
export interface Sender {
  sendBatch (batch: { readonly topicMessages: TopicMessages[], readonly acks: -1 }): Promise<RecordMetadata[]>
}

/**
 * Sends records, a request after the other, each confirmed by every replica in sync.
 *
 * @returns where each went, in order.
 */
export async function send (sender: Sender, placed: readonly Placed[], limitsOf: (topic: string) => TopicLimits): Promise<readonly Position[]> {
  const positions: Position[] = []
  for (const request of requestsOf(placed, limitsOf)) {
    const answers = await sender.sendBatch({ topicMessages: topicMessagesOf(request), acks: -1 })
    const next = new Map(answers.map(({ topicName, partition, baseOffset, offset }) => [`${partition} ${topicName}`, Number(baseOffset ?? offset)]))
    for (const { record: { topic }, partition } of request) {
      const batch = `${partition} ${topic}`
      const at = next.get(batch)!
      next.set(batch, at + 1)
      positions.push({ topic, partition, offset: at })
    }
  }
  return positions
}
