import test from 'ava'
import { partitionOfKey } from '../../../log/murmur2.js'
import { newTopic, readAll, readTo, record, said, saidIn, startsAt, unique, type OpenGround } from './ground.js'

/** Records: appended, read, waited for. */
export function recordTests (name: string, openGround: OpenGround): void {
  test(`${name}: records come back as they were given, where append said`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const topic = await newTopic(log)
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    const given = [
      record(topic, 'plain', 'value', { timestampMs: 1_700_000_000_000 }),
      record(topic, null, 'no key', { timestampMs: 1_700_000_000_001 }),
      record(topic, 'tombstone', null, { timestampMs: 1_700_000_000_002 }),
      record(topic, 'empty', '', { timestampMs: 1_700_000_000_003 }),
      { topic, key: bytes, value: bytes, timestampMs: 1_700_000_000_004 },
      record(topic, 'headers', 'x', { timestampMs: 1_700_000_000_005, headers: { labels: Buffer.from('cat, dog'), binary: bytes, empty: Buffer.alloc(0), 'größe': Buffer.from('ß') } })
    ]
    const positions = await log.append(given)
    const read = await readAll(log, topic)
    t.deepEqual(read.map(({ topic, partition, offset }) => ({ topic, partition, offset })), positions)
    t.deepEqual(
      read.map(({ key, value, headers, timestampMs }) => ({ key, value, headers: { ...headers }, timestampMs })),
      given.map(({ key, value, headers = {}, timestampMs }) => ({ key, value, headers, timestampMs: timestampMs! })))
  })

  test(`${name}: a record without a time gets that of its append`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const topic = await newTopic(log)
    await log.append([record(topic, 'a', '1'), record(topic, 'b', '2')])
    const [a, b] = await readAll(log, topic)
    t.true(a!.timestampMs > 0 && b!.timestampMs >= a!.timestampMs)
  })

  test(`${name}: a key goes to its murmur2 partition, and one that is named is taken`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const topic = await newTopic(log, { partitions: 5 })
    const keys = Array.from({ length: 40 }, (_, i) => `key-${i}`)
    const positions = await log.append(keys.map(key => record(topic, key, key)))
    t.deepEqual(positions.map(({ partition }) => partition), keys.map(key => partitionOfKey(Buffer.from(key), 5)))
    const named = await log.append([4, 0, 4, 2].map(partition => record(topic, 'key-1', 'named', { partition })))
    t.deepEqual(named.map(({ partition }) => partition), [4, 0, 4, 2])
    const keyless = await log.append(Array.from({ length: 10 }, (_, i) => record(topic, null, String(i))))
    t.true(keyless.every(({ partition }) => partition >= 0 && partition < 5))
    t.is((await readAll(log, topic)).length, 54)
  })

  test(`${name}: a partition that is not there is a mistake`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const topic = await newTopic(log, { partitions: 2 })
    for (const partition of [2, -1, 0.5]) {
      await t.throwsAsync(log.append([record(topic, 'a', '1', { partition: 0 }), record(topic, 'a', '1', { partition })]), { instanceOf: RangeError })
    }
    t.deepEqual(await log.ends(topic), [0, 0])
  })

  test(`${name}: offsets grow, and everything lies before the end`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const topic = await newTopic(log)
    const first = await log.append(['a', 'b', 'c'].map(key => record(topic, key, key)))
    const [end] = await log.ends(topic)
    const second = await log.append([record(topic, 'd', 'd')])
    const offsets = [...first, ...second].map(({ offset }) => offset)
    t.deepEqual(offsets, [...new Set(offsets)].sort((a, b) => a - b))
    t.true(first[2]!.offset < end! && second[0]!.offset >= end!)
    t.deepEqual(await log.append([]), [])
  })

  test(`${name}: appends made at once are all there, each in its order`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const topic = await newTopic(log, { partitions: 2 })
    const positions = await Promise.all(Array.from({ length: 20 }, (_, call) =>
      log.append(Array.from({ length: 10 }, (_, i) => record(topic, `call-${call}`, String(i), { partition: i % 2 })))))
    const read = await readAll(log, topic)
    t.is(read.length, 200)
    for (const [call, own] of positions.entries()) {
      for (const partition of [0, 1]) {
        const mine = read.filter(({ key, partition: at }) => at === partition && key!.toString() === `call-${call}`)
        t.deepEqual(mine.map(({ value }) => Number(value)), [0, 2, 4, 6, 8].map(i => i + partition))
        t.deepEqual(mine.map(({ offset }) => offset), own.filter(position => position.partition === partition).map(({ offset }) => offset))
      }
    }
  })

  test(`${name}: one append may go to several topics`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const [one, other] = [await newTopic(log), await newTopic(log)]
    const positions = await log.append([record(one, 'a', '1'), record(other, 'b', '2'), record(one, 'c', '3')])
    t.deepEqual(positions.map(({ topic }) => topic), [one, other, one])
    t.deepEqual(await saidIn(log, one), ['a=1', 'c=3'])
    t.deepEqual(await saidIn(log, other), ['b=2'])
  })

  test(`${name}: a record larger than the topic takes is refused, and the next one is not`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const topic = await newTopic(log, { maxMessageBytes: 100_000 })
    await t.throwsAsync(log.append([record(topic, 'large', 'x'.repeat(100_001))]), { code: 'HAMMINGBIRD_MESSAGE_TOO_LARGE' })
    await log.append([record(topic, 'fits', 'x'.repeat(90_000))])
    t.deepEqual((await readAll(log, topic)).map(({ key }) => key!.toString()), ['fits'])
  })

  test(`${name}: a waiting poll is woken by the next record`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const topic = await newTopic(log, { partitions: 2 })
    await using reader = log.read({ topic, from: startsAt(0, 0), reader: unique('reader') })
    for (const value of ['1', '2', '3']) {
      const polled = reader.poll()
      const [position] = await log.append([record(topic, 'a', value, { partition: 1 })])
      let batch = await polled
      while (batch.records.length === 0) batch = await reader.poll()
      t.deepEqual(batch.records.map(said), [`a=${value}`])
      t.is(batch.partition, 1)
      t.true(batch.next > position!.offset)
    }
  })

  test(`${name}: an aborted poll loses nothing`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const topic = await newTopic(log)
    await using reader = log.read({ topic, from: startsAt(0), reader: unique('reader') })
    const reason = new Error('enough waited')
    await t.throwsAsync(reader.poll({}, AbortSignal.abort(reason)), { is: reason })
    const aborting = new AbortController()
    const polled = reader.poll({}, aborting.signal)
    aborting.abort(reason)
    await t.throwsAsync(polled, { is: reason })
    await log.append([record(topic, 'a', '1'), record(topic, 'b', '2')])
    t.deepEqual((await readTo(reader, [0], await log.ends(topic))).map(said), ['a=1', 'b=2'])
  })

  test(`${name}: polls keep to their limits, but one record always comes`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const topic = await newTopic(log)
    await log.append(Array.from({ length: 10 }, (_, i) => record(topic, `k${i}`, `${i}`.repeat(10_000))))
    const [end] = await log.ends(topic)
    for (const [limits, most] of [[{ records: 3 }, 3], [{ bytes: 25_000 }, 2], [{ bytes: 1 }, 1], [{ records: 4, bytes: 35_000 }, 3]] as const) {
      await using reader = log.read({ topic, from: startsAt(0), reader: unique('reader') })
      const seen: string[] = []
      for (let next = 0; next < end!;) {
        const batch = await reader.poll(limits)
        t.true(batch.records.length <= most)
        seen.push(...batch.records.map(({ key }) => key!.toString()))
        next = batch.next
      }
      t.deepEqual(seen, Array.from({ length: 10 }, (_, i) => `k${i}`))
    }
  })

  test(`${name}: reading begins where it was asked to, and in the partitions it was asked for`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const topic = await newTopic(log, { partitions: 3 })
    const positions = await log.append([0, 1, 2].flatMap(partition => ['a', 'b', 'c'].map(key => record(topic, `${key}${partition}`, 'x', { partition }))))
    const ends = await log.ends(topic)
    await using reader = log.read({ topic, from: new Map([[0, positions[1]!.offset], [2, positions[8]!.offset]]), reader: unique('reader') })
    const read = await readTo(reader, [positions[1]!.offset, ends[1]!, positions[8]!.offset], ends)
    t.deepEqual(read.map(said), ['b0=x', 'c0=x', 'c2=x'])
  })

  test(`${name}: partitions are served in turn`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const topic = await newTopic(log, { partitions: 2 })
    await log.append(Array.from({ length: 200 }, (_, i) => record(topic, `k${i}`, 'x', { partition: i % 2 })))
    await using reader = log.read({ topic, from: startsAt(0, 0), reader: unique('reader') })
    const served: number[] = []
    while (served.length < 40) {
      const batch = await reader.poll({ records: 5 })
      if (batch.records.length > 0) served.push(batch.partition)
    }
    t.true(served.indexOf(0) < 20 && served.indexOf(1) < 20, 'one did not wait for the end of the other')
  })

  test(`${name}: a position past the end is told`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const topic = await newTopic(log)
    await log.append([record(topic, 'a', '1')])
    const [end] = await log.ends(topic)
    await using reader = log.read({ topic, from: startsAt(end! + 1), reader: unique('reader') })
    await t.throwsAsync(reader.poll(), { code: 'HAMMINGBIRD_LOG_TRUNCATED', message: new RegExp(topic) })

    await using atTheEnd = log.read({ topic, from: startsAt(end!), reader: unique('reader') })
    const polled = atTheEnd.poll()
    await log.append([record(topic, 'b', '2')])
    t.deepEqual((await polled).records.map(said), ['b=2'])
  })

  test(`${name}: a reader that is closed while it polls says so`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const topic = await newTopic(log)
    const reader = log.read({ topic, from: startsAt(0), reader: unique('reader') })
    await Promise.all([t.throwsAsync(reader.poll(), { code: 'HAMMINGBIRD_NOT_OPEN' }), reader.close()])
    await reader.close()
    await t.throwsAsync(reader.poll(), { code: 'HAMMINGBIRD_NOT_OPEN' })
    await log.append([record(topic, 'a', '1')])
    t.deepEqual(await saidIn(log, topic), ['a=1'], 'the log is still open')
  })
}
