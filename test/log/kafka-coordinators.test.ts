import test from 'ava'
import { kafkaOf, transactionalProducerOf } from '../../log/kafka/client.js'
import { KafkaLog } from '../../log/kafka-log.js'
import { withBroker } from '../fixtures/kafka-broker.js'
import { newTopic, readAll, unique } from '../suites/log/ground.js'

await withBroker('rememberCoordinators', {}, broker => {
  test.serial('rememberCoordinators: a transaction is five requests, and does what it did', async t => {
    await using log = await KafkaLog.open({ brokers: [broker().bootstrap] })
    const [topic, group] = [await newTopic(log), unique('group')]
    await log.committed(group, topic) // a broker that is new makes its table of positions
    const producer = transactionalProducerOf(kafkaOf({ brokers: [broker().bootstrap] }), unique('transaction'))
    await producer.connect()
    const asked: string[] = []
    producer.on(producer.events.REQUEST, ({ payload }) => { asked.push(payload.apiName) })
    for (let times = 0; times < 10; times++) {
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: [{ value: String(times), partition: 0 }] })
      await transaction.sendOffsets({ consumerGroupId: group, topics: [{ topic, partitions: [{ partition: 0, offset: String(times) }] }] })
      await transaction.commit()
    }
    await producer.disconnect()
    t.is(asked.filter(name => name === 'EndTxn').length, 10)
    // Once for the transactions and once for the group; again should the ten take longer than it is remembered.
    t.true(asked.filter(name => name === 'GroupCoordinator').length <= 10, String(asked))
    t.deepEqual((await readAll(log, topic)).map(({ value }) => Number(value)), [...Array(10).keys()])
    t.deepEqual(await log.committed(group, topic), [9])
  })
})
