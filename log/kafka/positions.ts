import { setTimeout as sleep } from 'node:timers/promises'
import { HammingbirdError } from '../../errors.js'
import type { Topics } from './topics.js'

const LOOKS = 4
const BETWEEN_MS = 300

/**
 * Holds a position to where its partition ends. A broker that has just started may say too little for a moment, and to
 * stop for that would be to stop for good: it is asked more than once.
 *
 * @returns the first offset still there.
 * @throws HammingbirdError `HAMMINGBIRD_LOG_TRUNCATED`, `…_NOT_FOUND`; RangeError for a partition that is not there.
 */
export async function checkPosition (topics: Topics, topic: string, partition: number, position: number): Promise<number> {
  for (let looks = 1; ; looks++) {
    const at = (await topics.offsets(topic))[partition]
    if (at === undefined) throw new RangeError(`topic ${topic} has no partition ${partition}`)
    if (position <= at.end) return at.start
    if (looks === LOOKS) throw new HammingbirdError('HAMMINGBIRD_LOG_TRUNCATED', `${topic} partition ${partition} ends at ${at.end}, and the position is ${position}: the topic was made anew`)
    await sleep(BETWEEN_MS)
  }
}
