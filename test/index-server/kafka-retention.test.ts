import { KafkaLog } from '../../log/kafka-log.js'
import { withBroker } from '../fixtures/kafka-broker.js'
import { retentionSuite } from '../suites/retention.js'

await withBroker('KafkaLog', {
  'log.initial.task.delay.ms': 500, // 30 s by default: cleaning up would begin after the tests
  'log.cleaner.backoff.ms': 300
}, broker => {
  retentionSuite('KafkaLog', async t => {
    const log = await KafkaLog.open({ brokers: [broker().bootstrap] })
    t.teardown(() => log.close())
    return { log, clean: async () => {} }
  })
})
