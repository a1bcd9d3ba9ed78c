import { cleaningTests } from './log/cleaning.js'
import type { OpenGround } from './log/ground.js'
import { groupTests } from './log/groups.js'
import { modelTests } from './log/model.js'
import { recordTests } from './log/records.js'
import { topicTests } from './log/topics.js'

/** What every log must do, whatever keeps it. Each one's test file calls this. */
export function logSuite (name: string, openGround: OpenGround): void {
  topicTests(name, openGround)
  recordTests(name, openGround)
  groupTests(name, openGround)
  cleaningTests(name, openGround)
  modelTests(name, openGround)
}
