import test from 'ava'
import fc from 'fast-check'
import type { NewRecord } from '../../../log/log.js'
import { joinHolding, newTopic, pollCount, readAll, record, said, unique, type OpenGround } from './ground.js'

const key = fc.constantFrom('a', 'b', 'c', null)
const value = fc.option(fc.string({ maxLength: 3 }), { nil: null })
const entry = fc.record({ key, value, partition: fc.nat(1) })
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('append' as const), entries: fc.array(entry, { maxLength: 6 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('commit' as const), partition: fc.nat(1), count: fc.integer({ min: 0, max: 4 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) }
)

/** Any course of appends, commits and reopenings against plain arrays. */
export function modelTests (name: string, openGround: OpenGround): void {
  test(`${name}: does what plain arrays do, whatever the course of appends, commits and reopenings`, async t => {
    const ground = await openGround(t)
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async steps => {
      let log = await ground.open()
      const [input, output, group] = [await newTopic(log, { partitions: 2 }), await newTopic(log), unique('group')]
      const appended: { readonly said: string, readonly offset: number }[][] = [[], []]
      const copied: string[] = []
      const done = [0, 0]
      for (const step of steps) {
        if (step.kind === 'append') {
          const records: NewRecord[] = step.entries.map(({ key, value, partition }) => record(input, key, value, { partition }))
          const positions = await log.append(records)
          for (const [i, { partition, offset }] of positions.entries()) appended[partition]!.push({ said: said(records[i]!), offset })
        } else if (step.kind === 'commit') {
          const { partition } = step
          const count = Math.min(step.count, appended[partition]!.length - done[partition]!)
          const { member, claim } = await joinHolding(log, { group, topic: input })
          let held = await claim()
          while (held.partition !== partition) held = await claim()
          const { records, next } = await pollCount(held, count)
          if (count > 0) {
            const expected = appended[partition]!.slice(done[partition]!, done[partition]! + count)
            t.deepEqual(records.map(record => ({ said: said(record), offset: record.offset })), expected)
            await held.commit(records.map(({ key, value }) => ({ topic: output, key, value })), next)
            done[partition]! += count
            copied.push(...expected.map(({ said }) => said))
          }
          await member.close()
        } else {
          await log.close()
          log = await ground.open()
        }
      }
      t.deepEqual((await readAll(log, input)).map(({ partition, offset, key, value }) => ({ partition, offset, said: said({ key, value }) })),
        appended.flatMap((records, partition) => records.map(({ said, offset }) => ({ partition, offset, said }))))
      t.deepEqual((await readAll(log, output)).map(said), copied)
      const committed = await log.committed(group, input)
      for (const [partition, records] of appended.entries()) {
        if (done[partition] === 0) t.is(committed[partition], undefined)
        else {
          t.true(committed[partition]! > records[done[partition]! - 1]!.offset)
          t.true(committed[partition]! <= (records[done[partition]!]?.offset ?? Infinity))
        }
      }
      for (const topic of [input, output]) await log.deleteTopic(topic)
      await log.close()
    }), { numRuns: ground.runs })
  })
}
