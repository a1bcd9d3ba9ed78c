import test from 'ava'
import fc from 'fast-check'
import { EmbeddedLog } from '../../../log/embedded-log.js'
import { tempDirectory } from '../../fixtures/temp-directory.js'
import { readAll, record } from '../../suites/log/ground.js'

const RETENTION_MS = 1000
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('append' as const), entries: fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', ''), fc.option(fc.nat(9))), { maxLength: 8 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: RETENTION_MS }) }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'clean' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) }
)

test('cleaning a compacted topic leaves what a filter over all of it would, whatever the course', async t => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 20 }), async steps => {
    let nowMs = 1e12
    const directory = tempDirectory(t)
    const open = () => EmbeddedLog.open({ directory, clock: () => nowMs, cleanEveryMs: Infinity })
    let log = await open()
    await log.createTopic({ name: 'topic', partitions: 1, cleanup: 'compact', deleteRetentionMs: RETENTION_MS })
    let expected: { readonly key: string, readonly value: string | null, readonly offset: number, readonly atMs: number }[] = []
    for (const step of [...steps, { kind: 'clean' } as const]) {
      if (step.kind === 'append') {
        const records = step.entries.map(([key, value]) => record('topic', key, value === null ? null : String(value)))
        const positions = await log.append(records)
        expected.push(...positions.map(({ offset }, i) => ({ key: records[i]!.key!.toString(), value: records[i]!.value?.toString() ?? null, offset, atMs: nowMs })))
      } else if (step.kind === 'pass') {
        nowMs += step.ms
      } else if (step.kind === 'clean') {
        await log.clean()
        expected = expected.filter(({ key, offset, value, atMs }) =>
          !expected.some(other => other.key === key && other.offset > offset) && (value !== null || atMs + RETENTION_MS > nowMs))
      } else {
        await log.close()
        log = await open()
      }
      t.deepEqual((await readAll(log, 'topic')).map(({ key, value, offset }) => [key!.toString(), value?.toString() ?? null, offset]), expected.map(({ key, value, offset }) => [key, value, offset]))
    }
    await log.close()
  }), { numRuns: 15 })
})

test('cleaning a compacted topic takes more than one step', async t => {
  let nowMs = 1e12
  await using log = await EmbeddedLog.open({ directory: tempDirectory(t), clock: () => nowMs, cleanEveryMs: Infinity })
  await log.createTopic({ name: 'topic', partitions: 1, cleanup: 'compact', deleteRetentionMs: RETENTION_MS })
  const entries = (value: string | null) => Array.from({ length: 1200 }, (_, i) => record('topic', `k${i}`, value))
  await log.append([...entries('1'), ...entries('2')])
  await log.clean()
  t.deepEqual([...new Set((await readAll(log, 'topic')).map(({ value }) => `${value}`))], ['2'])
  t.is((await readAll(log, 'topic')).length, 1200)
  await log.append(entries(null).slice(0, 1100))
  nowMs += RETENTION_MS
  await Promise.all([log.clean(), log.clean(), log.append(entries('3').slice(0, 10))])
  await log.clean()
  t.is((await readAll(log, 'topic')).length, 110)
})
