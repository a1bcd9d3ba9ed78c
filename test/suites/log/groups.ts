import test from 'ava'
import { codeOf } from '../../../errors.js'
import type { Claim } from '../../../log/log.js'
import { aborted, deferred, joinHolding, newTopic, pollCount, readAll, record, said, saidIn, startsAt, unique, type OpenGround } from './ground.js'

/** Groups: claims, commits, members that come, go and stall. */
export function groupTests (name: string, openGround: OpenGround): void {
  test(`${name}: a claim begins at the beginning, and a commit moves its group and writes its outputs`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const [input, output, group] = [await newTopic(log), await newTopic(log, { partitions: 3 }), unique('group')]
    await log.append(['a', 'b', 'c'].map(key => record(input, key, '1')))
    t.deepEqual(await log.committed(group, input), [undefined])
    const { member, claim } = await joinHolding(log, { group, topic: input })
    const held = await claim()
    t.is(held.topic, input)
    t.is(held.partition, 0)
    const { records, next } = await pollCount(held, 2)
    t.deepEqual(records.map(said), ['a=1', 'b=1'])
    const positions = await held.commit([record(output, 'x', 'one', { partition: 2 }), record(output, 'y', 'two', { partition: 0 }), record(output, 'z', 'three', { partition: 2 })], next)
    t.deepEqual(await log.committed(group, input), [next])
    t.deepEqual(positions.map(({ topic, partition }) => [topic, partition]), [[output, 2], [output, 0], [output, 2]])
    const read = await readAll(log, output)
    t.deepEqual(read.map(said), ['y=two', 'x=one', 'z=three'])
    t.deepEqual(read.map(({ partition, offset }) => ({ topic: output, partition, offset })), [positions[1]!, positions[0]!, positions[2]!])
    t.deepEqual((await pollCount(held, 1)).records.map(said), ['c=1'])
    await member.close()
    await member.ended
  })

  test(`${name}: what was not committed comes again, to whoever has the partition next`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const [topic, group] = [await newTopic(log), unique('group')]
    await log.append(['a', 'b', 'c', 'd'].map(key => record(topic, key, '1')))
    const first = await joinHolding(log, { group, topic })
    const held = await first.claim()
    await held.commit([], (await pollCount(held, 1)).next)
    await pollCount(held, 2)
    await first.member.close()
    const second = await joinHolding(log, { group, topic })
    t.deepEqual((await pollCount(await second.claim(), 3)).records.map(said), ['b=1', 'c=1', 'd=1'])
    await second.member.close()
  })

  test(`${name}: groups do not know of each other`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const topic = await newTopic(log)
    await log.append([record(topic, 'a', '1'), record(topic, 'b', '2')])
    const groups = [unique('group'), unique('group')]
    for (const group of groups) {
      const { member, claim } = await joinHolding(log, { group, topic })
      const held = await claim()
      const { records, next } = await pollCount(held, 2)
      t.deepEqual(records.map(said), ['a=1', 'b=2'])
      await held.commit([], next)
      await member.close()
    }
    const [one, other] = [await log.committed(groups[0]!, topic), await log.committed(groups[1]!, topic)]
    t.deepEqual(one, other)
    t.not(one[0], undefined)
  })

  test(`${name}: a commit that is refused writes nothing and moves nothing`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const [input, output, group] = [await newTopic(log), await newTopic(log, { maxMessageBytes: 100_000 }), unique('group')]
    await log.append([record(input, 'a', '1')])
    const { member, claim } = await joinHolding(log, { group, topic: input })
    const held = await claim()
    const { next } = await pollCount(held, 1)
    await t.throwsAsync(held.commit([record(output, 'fits', '1'), record(output, 'large', 'x'.repeat(100_001))], next), { code: 'HAMMINGBIRD_MESSAGE_TOO_LARGE' })
    t.deepEqual(await log.committed(group, input), [undefined])
    t.deepEqual(await saidIn(log, output), [])
    await member.close()
  })

  test(`${name}: a waiting claim is woken by the next record`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const [topic, group] = [await newTopic(log), unique('group')]
    const { member, claim } = await joinHolding(log, { group, topic })
    const held = await claim()
    for (const value of ['1', '2']) {
      const polled = pollCount(held, 1)
      await log.append([record(topic, 'a', value)])
      const { records, next } = await polled
      t.deepEqual(records.map(said), [`a=${value}`])
      await held.commit([], next)
    }
    await member.close()
  })

  test(`${name}: closing a member aborts its claims, ends a waiting poll and waits for run`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const topic = await newTopic(log)
    const polling = deferred()
    let ended = false
    const member = await log.join({
      group: unique('group'),
      topic,
      run: async claim => {
        const polled = claim.poll()
        polling.resolve()
        const err = await polled.then(() => undefined, (err: unknown) => err)
        t.true(claim.signal.aborted)
        t.is(codeOf(claim.signal.reason), 'HAMMINGBIRD_NOT_OPEN')
        t.is(err, claim.signal.reason)
        await t.throwsAsync(claim.poll(), { is: claim.signal.reason })
        await new Promise(resolve => setImmediate(resolve))
        ended = true
        throw err
      }
    })
    await polling.promise
    await Promise.all([member.close(), member.close()])
    t.true(ended)
    await t.notThrowsAsync(member.ended)
  })

  test(`${name}: closing the log ends its members first`, async t => {
    const ground = await openGround(t)
    const log = await ground.open()
    const topic = await newTopic(log)
    let ended = false
    const running = deferred()
    const member = await log.join({
      group: unique('group'),
      topic,
      run: async claim => {
        running.resolve()
        await aborted(claim.signal)
        await new Promise(resolve => setImmediate(resolve))
        ended = true
      }
    })
    await running.promise
    await log.close()
    t.true(ended)
    await t.notThrowsAsync(member.ended)
  })

  test(`${name}: a run that rejects ends its member with that error, and the group goes on without`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const [topic, group] = [await newTopic(log, { partitions: 2 }), unique('group')]
    await log.append([0, 1].map(partition => record(topic, 'a', '1', { partition })))
    const fault = new Error('cannot go on')
    const member = await log.join({
      group,
      topic,
      run: async claim => {
        if (claim.partition === 1) {
          await pollCount(claim, 1)
          throw fault
        }
        await aborted(claim.signal)
      }
    })
    await t.throwsAsync(member.ended, { is: fault })
    await member.close()
    t.deepEqual(await log.committed(group, topic), [undefined, undefined])
    const second = await joinHolding(log, { group, topic })
    const claims = [await second.claim(), await second.claim()]
    t.deepEqual(claims.map(({ partition }) => partition).sort(), [0, 1])
    await second.member.close()
  })

  test(`${name}: members share the partitions, each of which has one claim at a time`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const [topic, output, group] = [await newTopic(log, { partitions: 4 }), await newTopic(log), unique('group')]
    const holders = new Map<number, number>()
    let [overlaps, changed] = [0, deferred()]
    const join = (own: Set<number>) => log.join({
      group,
      topic,
      run: async claim => {
        const { partition, signal } = claim
        holders.set(partition, (holders.get(partition) ?? 0) + 1)
        if (holders.get(partition)! > 1) overlaps++
        own.add(partition)
        changed.resolve()
        try {
          await copy(claim, output)
        } catch (err) {
          if (!signal.aborted) throw err
        }
        await new Promise(resolve => setImmediate(resolve)) // what is in hand takes a moment to end
        holders.set(partition, holders.get(partition)! - 1)
        own.delete(partition)
        changed.resolve()
      }
    })
    const until = async (done: () => boolean) => {
      for (; !done(); await changed.promise) changed = deferred()
    }
    let count = 0
    const appendSome = () => log.append(Array.from({ length: 40 }, () => record(topic, `k${count}`, String(count++), { partition: count % 4 })))

    const [a, b] = [new Set<number>(), new Set<number>()]
    const first = await join(a)
    await appendSome()
    await until(() => a.size === 4)
    const second = await join(b)
    await appendSome()
    await until(() => a.size === 2 && b.size === 2)
    await appendSome()
    await first.close()
    t.is(a.size, 0)
    await appendSome()
    await until(() => b.size === 4)
    await using reader = log.read({ topic: output, from: startsAt(0), reader: unique('reader') })
    await pollCount(reader, count)
    await second.close()
    t.is(overlaps, 0)
    const copied = (await readAll(log, output)).map(({ value }) => Number(value))
    t.deepEqual(copied.sort((x, y) => x - y), Array.from({ length: count }, (_, i) => i), 'each was copied once')
  })

  test(`${name}: a member that falls silent loses its claim, and cannot commit any more`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const [topic, output, group] = [await newTopic(log), await newTopic(log), unique('group')]
    await log.append([record(topic, 'a', '1')])
    const { sessionTimeoutMs } = ground
    const [claimed, end] = [deferred<Claim>(), deferred()]
    const silent = await log.join({
      group,
      topic,
      sessionTimeoutMs,
      run: claim => {
        claimed.resolve(claim)
        return end.promise // and not when the signal aborts
      }
    })
    const held = await claimed.promise
    const { next } = await pollCount(held, 1)
    const second = await joinHolding(log, { group, topic, sessionTimeoutMs })
    const taken = await second.claim()
    t.deepEqual((await pollCount(taken, 1)).records.map(said), ['a=1'])
    await t.throwsAsync(held.commit([record(output, 'stale', '1')], next), { code: 'HAMMINGBIRD_LOG_FENCED' })
    t.true(held.signal.aborted)
    t.is(codeOf(held.signal.reason), 'HAMMINGBIRD_LOG_FENCED')
    t.deepEqual(await log.committed(group, topic), [undefined])
    await taken.commit([record(output, 'fresh', '1')], next)
    t.deepEqual(await saidIn(log, output), ['fresh=1'])
    end.resolve()
    await Promise.all([silent.close(), second.member.close()])
  })

  test(`${name}: a member that beats keeps its claim, however long the work takes`, async t => {
    const ground = await openGround(t)
    await using log = await ground.open()
    const [topic, group] = [await newTopic(log), unique('group')]
    await log.append([record(topic, 'a', '1')])
    const { member, claim } = await joinHolding(log, { group, topic, sessionTimeoutMs: ground.sessionTimeoutMs })
    const held = await claim()
    const { next } = await pollCount(held, 1)
    const since = performance.now()
    while (performance.now() - since < 3 * ground.sessionTimeoutMs) {
      held.beat()
      await new Promise(resolve => setTimeout(resolve, ground.sessionTimeoutMs / 20))
    }
    t.false(held.signal.aborted)
    await held.commit([], next)
    t.deepEqual(await log.committed(group, topic), [next])
    await member.close()
  })
}

/** Copies what comes, a commit a poll. */
async function copy (claim: Claim, output: string): Promise<void> {
  for (;;) {
    const { records, next } = await claim.poll({ records: 7 })
    await claim.commit(records.map(({ key, value }) => ({ topic: output, key, value })), next)
  }
}
