import test from 'ava'
import { FILLER, newTopic, joinHolding, pollCount, readAll, record, saidIn, startsAt, unique, type OpenGround } from './ground.js'

/** What goes, what stays, and that no offset is ever given twice. */
export function cleaningTests (name: string, openGround: OpenGround): void {
  test(`${name}: a compacted topic keeps the newest record of each key, for ever`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const { retentionMs } = ground
    const topic = await newTopic(log, { cleanup: 'compact', deleteRetentionMs: retentionMs, maxCompactionLagMs: retentionMs, segmentMs: retentionMs })
    const positions = await log.append([['a', '1'], ['b', '1'], ['a', '2'], ['c', '1'], ['a', '3'], ['b', '2']].map(([key, value]) => record(topic, key!, value!)))
    const ends = await log.ends(topic)
    await ground.clean(log, topic, retentionMs, async () => (await saidIn(log, topic)).length === 3)
    t.deepEqual(await saidIn(log, topic), ['c=1', 'a=3', 'b=2'])
    t.deepEqual((await readAll(log, topic)).filter(({ key }) => key!.toString() !== FILLER).map(({ offset }) => offset), [3, 4, 5].map(i => positions[i]!.offset))
    t.true((await log.ends(topic))[0]! >= ends[0]!)

    await log.append([record(topic, 'c', '2')])
    await ground.clean(log, topic, retentionMs, async () => (await saidIn(log, topic)).length === 3)
    t.deepEqual(await saidIn(log, topic), ['a=3', 'b=2', 'c=2'])
  })

  test(`${name}: a tombstone goes after its time, and a key that came back stays`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const { retentionMs } = ground
    const topic = await newTopic(log, { cleanup: 'compact', deleteRetentionMs: retentionMs, maxCompactionLagMs: retentionMs, segmentMs: retentionMs })
    await log.append([record(topic, 'a', '1'), record(topic, 'b', '1'), record(topic, 'a', null), record(topic, 'b', null), record(topic, 'b', '2')])
    t.deepEqual((await saidIn(log, topic)).slice(-3), ['a=null', 'b=null', 'b=2'], 'they are seen before their time')
    await ground.clean(log, topic, 2 * retentionMs, async () => (await saidIn(log, topic)).length === 1)
    t.deepEqual(await saidIn(log, topic), ['b=2'])
  })

  test(`${name}: a compacted topic refuses a record without a key`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const topic = await newTopic(log, { cleanup: 'compact' })
    await t.throwsAsync(log.append([record(topic, null, '1')]))
    t.deepEqual(await log.ends(topic), [0])
  })

  test(`${name}: records of a topic with retention go after it, and a reader behind them begins at the start`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const { retentionMs } = ground
    const topic = await newTopic(log, { cleanup: 'delete', retentionMs, segmentMs: retentionMs })
    const forEver = await newTopic(log)
    const positions = await log.append([record(topic, 'a', '1'), record(topic, 'b', '1'), record(forEver, 'a', '1')])
    await ground.clean(log, topic, 2 * retentionMs, async () => (await log.starts(topic))[0]! > positions[1]!.offset)
    t.deepEqual(await saidIn(log, topic), [])
    t.deepEqual(await saidIn(log, forEver), ['a=1'])
    await using reader = log.read({ topic, from: startsAt(0), reader: unique('reader') })
    const [later] = await log.append([record(topic, 'c', '1')])
    t.true(later!.offset > positions[1]!.offset)
    let { records } = await reader.poll()
    while (!records.some(({ key }) => key!.toString() === 'c')) ({ records } = await reader.poll())
    t.is(records.at(-1)!.offset, later!.offset)
  })

  test(`${name}: a settled topic drops at most what its group has committed past`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const group = unique('group')
    const topic = await newTopic(log, { cleanup: 'settled', settledBy: group })
    await log.append(['a', 'b', 'c', 'd'].map(key => record(topic, key, '1')))
    await ground.clean(log, topic, 0, async () => true)
    t.is((await saidIn(log, topic)).length, 4)
    const { member, claim } = await joinHolding(log, { group, topic })
    const held = await claim()
    await held.commit([], (await pollCount(held, 3)).next)
    await ground.clean(log, topic, 0, async () => !ground.dropsSettled || (await saidIn(log, topic)).length === 1)
    t.deepEqual((await saidIn(log, topic)).slice(-1), ['d=1'])
    t.deepEqual((await pollCount(held, 1)).records.map(({ key }) => key!.toString()), ['d'])
    await member.close()
  })

  test(`${name}: no offset is given twice, also when the newest records went and the log was opened again`, async t => {
    const ground = await openGround(t)
    const log = await ground.open()
    const { retentionMs } = ground
    const compacted = await newTopic(log, { cleanup: 'compact', deleteRetentionMs: retentionMs, maxCompactionLagMs: retentionMs, segmentMs: retentionMs })
    const dropped = await newTopic(log, { cleanup: 'delete', retentionMs, segmentMs: retentionMs })
    const [, last, , gone] = await log.append([record(compacted, 'a', '1'), record(compacted, 'a', null), record(dropped, 'a', '1'), record(dropped, 'a', '2')])
    await ground.clean(log, compacted, 2 * retentionMs, async () => (await saidIn(log, compacted)).length === 0)
    await ground.clean(log, dropped, 2 * retentionMs, async () => (await saidIn(log, dropped)).length === 0)
    const ends = [...await log.ends(compacted), ...await log.ends(dropped)]
    t.true(ends[0]! > last!.offset && ends[1]! > gone!.offset)
    await log.close()

    await using again = await ground.open()
    t.deepEqual([...await again.ends(compacted), ...await again.ends(dropped)], ends)
    const [one, other] = await again.append([record(compacted, 'a', '3'), record(dropped, 'a', '3')])
    t.true(one!.offset >= ends[0]! && other!.offset >= ends[1]!)
  })
}
