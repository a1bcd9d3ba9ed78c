import test from 'ava'
import { joinHolding, newTopic, pollCount, readAll, record, said, saidIn, startsAt, unique, type OpenGround } from './ground.js'

/** Topics: made, described, listed, deleted. */
export function topicTests (name: string, openGround: OpenGround): void {
  test(`${name}: a topic that was made is described and listed, and may be asked for again`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const topic = unique('topic')
    t.is(await log.describeTopic(topic), undefined)
    const spec = { name: topic, partitions: 3, cleanup: 'compact', deleteRetentionMs: 3_600_000 } as const
    await log.createTopic(spec)
    await log.createTopic(spec)
    t.deepEqual(await log.describeTopic(topic), { name: topic, partitions: 3, cleanup: 'compact', deleteRetentionMs: 3_600_000 })
    t.true((await log.listTopics()).includes(topic))
    t.deepEqual(await log.starts(topic), [0, 0, 0])
    t.deepEqual(await log.ends(topic), [0, 0, 0])
  })

  test(`${name}: a topic made twice at once is there once`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const topic = unique('topic')
    await Promise.all([1, 2, 3].map(() => log.createTopic({ name: topic, partitions: 2, cleanup: 'forever' })))
    await log.append([record(topic, 'a', '1', { partition: 1 })])
    t.deepEqual(await saidIn(log, topic), ['a=1'])
  })

  test(`${name}: a topic that does not keep what is asked of it is refused`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const topic = await newTopic(log, { partitions: 2, cleanup: 'compact', deleteRetentionMs: 60_000 })
    const wrong = { code: 'HAMMINGBIRD_TOPIC_SETTINGS' }
    const spec = { name: topic, partitions: 2, cleanup: 'compact', deleteRetentionMs: 60_000 } as const
    await t.throwsAsync(log.createTopic({ ...spec, partitions: 3 }), { ...wrong, message: /partitions/ })
    await t.throwsAsync(log.createTopic({ ...spec, partitions: 1 }), wrong)
    await t.throwsAsync(log.createTopic({ ...spec, partitions: 3, partitionsAtLeast: true }), wrong)
    await t.throwsAsync(log.createTopic({ ...spec, cleanup: 'forever' }), { ...wrong, message: /cleanup/ })
    await t.throwsAsync(log.createTopic({ ...spec, deleteRetentionMs: 120_000 }), { ...wrong, message: /deleteRetentionMs|delete\.retention\.ms/ })
    await log.createTopic({ ...spec, partitions: 1, partitionsAtLeast: true })
  })

  test(`${name}: a deleted topic is gone, with its records and committed positions`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const topic = await newTopic(log)
    const group = unique('group')
    await log.append([record(topic, 'a', '1'), record(topic, 'b', '2')])
    const { member, claim } = await joinHolding(log, { group, topic })
    const held = await claim()
    await held.commit([], (await pollCount(held, 2)).next)
    await member.close()

    await log.deleteTopic(topic)
    await log.deleteTopic(topic)
    await log.deleteTopic(unique('never-there'))
    t.is(await log.describeTopic(topic), undefined)
    t.false((await log.listTopics()).includes(topic))

    await log.createTopic({ name: topic, partitions: 1, cleanup: 'forever' })
    t.deepEqual(await log.committed(group, topic), [undefined])
    await log.append([record(topic, 'c', '3')])
    t.deepEqual((await readAll(log, topic)).map(said), ['c=3'])
  })

  test(`${name}: a topic that is not there is not found`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const topic = unique('never-there')
    const notFound = { code: 'HAMMINGBIRD_NOT_FOUND', message: new RegExp(topic) }
    await t.throwsAsync(log.append([record(topic, 'a', '1')]), notFound)
    await t.throwsAsync(log.starts(topic), notFound)
    await t.throwsAsync(log.ends(topic), notFound)
    await t.throwsAsync(log.committed(unique('group'), topic), notFound)
    await t.throwsAsync(log.join({ group: unique('group'), topic, run: async () => {} }), notFound)
    await using reader = log.read({ topic, from: startsAt(0), reader: unique('reader') })
    await t.throwsAsync(reader.poll(), notFound)
  })

  test(`${name}: topics, records and positions are there when the log is opened again`, async t => {
    const ground = await openGround(t)
    const log = await ground.open()
    const topic = await newTopic(log, { partitions: 2, cleanup: 'compact', deleteRetentionMs: 3_600_000 })
    const group = unique('group')
    const positions = await log.append([record(topic, 'a', '1', { partition: 0 }), record(topic, 'b', '2', { partition: 1 }), record(topic, 'c', '3', { partition: 1 })])
    const { member, claim } = await joinHolding(log, { group, topic })
    for (const held of [await claim(), await claim()]) {
      if (held.partition === 1) await held.commit([], (await pollCount(held, 1)).next)
    }
    await member.close()
    const committed = await log.committed(group, topic)
    await log.close()

    await using again = await ground.open()
    t.deepEqual(await again.describeTopic(topic), { name: topic, partitions: 2, cleanup: 'compact', deleteRetentionMs: 3_600_000 })
    t.deepEqual(await again.committed(group, topic), committed)
    t.is(committed[0], undefined)
    t.true(committed[1]! > positions[1]!.offset && committed[1]! <= positions[2]!.offset)
    t.deepEqual((await readAll(again, topic)).map(said), ['a=1', 'b=2', 'c=3'])
    const [later] = await again.append([record(topic, 'd', '4', { partition: 1 })])
    t.true(later!.offset > positions[2]!.offset)
  })

  test(`${name}: everything is refused after close, which may be called twice`, async t => {
    const ground = await openGround(t)
    const log = await ground.open()
    const topic = await newTopic(log)
    const reader = log.read({ topic, from: startsAt(0), reader: unique('reader') })
    const waiting = reader.poll()
    await Promise.all([t.throwsAsync(waiting, { code: 'HAMMINGBIRD_NOT_OPEN' }), log.close(), log.close()])
    const closed = { code: 'HAMMINGBIRD_NOT_OPEN' }
    await t.throwsAsync(log.append([record(topic, 'a', '1')]), closed)
    await t.throwsAsync(log.createTopic({ name: unique('topic'), partitions: 1, cleanup: 'forever' }), closed)
    await t.throwsAsync(log.describeTopic(topic), closed)
    await t.throwsAsync(log.listTopics(), closed)
    await t.throwsAsync(log.deleteTopic(topic), closed)
    await t.throwsAsync(log.starts(topic), closed)
    await t.throwsAsync(log.ends(topic), closed)
    await t.throwsAsync(log.committed(unique('group'), topic), closed)
    await t.throwsAsync(log.join({ group: unique('group'), topic, run: async () => {} }), closed)
    await t.throwsAsync(reader.poll(), closed)
    await t.throwsAsync(async () => log.read({ topic, from: startsAt(0), reader: unique('reader') }).poll(), closed)
  })
}
