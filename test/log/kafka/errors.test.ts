import test from 'ava'
import { HammingbirdError } from '../../../errors.js'
import { fromKafka } from '../../../log/kafka/errors.js'

test('kafka errors: what kafkajs stumbles over is an outage, what we stumble over a mistake', t => {
  const theirs = new TypeError("Cannot destructure property 'topicMetadata' of '(intermediate value)' as it is null.")
  theirs.stack = `TypeError: ${theirs.message}\n    at Object.listTopics (/somewhere/node_modules/kafkajs/src/admin/index.js:103:13)\n    at async Administrator.ask (/somewhere/log/kafka/admin.js:46:16)`
  t.like(fromKafka(theirs, 'listing topics'), { code: 'HAMMINGBIRD_LOG_UNAVAILABLE', retryable: true })

  const ours = new TypeError('one commit at a time')
  t.is(fromKafka(ours, 'committing'), ours)
  const range = new RangeError('topic a has no partition 7')
  t.is(fromKafka(range, 'reading'), range)
  const known = new HammingbirdError('HAMMINGBIRD_LOG_FENCED', 'lost')
  t.is(fromKafka(known, 'committing'), known)
})
