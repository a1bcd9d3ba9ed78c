import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { KafkaLog } from '../../log/kafka-log.js'
import type { Claim } from '../../log/log.js'
import { withBroker } from '../fixtures/kafka-broker.js'
import { newTopic, readAll, record, startsAt, unique } from '../suites/log/ground.js'

await withBroker('KafkaLog', {}, broker => {
  test.serial('KafkaLog: through kills of the broker nothing acknowledged is lost, and each record is copied once', async t => {
    t.timeout(240_000)
    await using log = await KafkaLog.open({ brokers: [broker().bootstrap] })
    const [input, output, group] = [await newTopic(log, { partitions: 2 }), await newTopic(log, { partitions: 2 }), unique('group')]
    const members = await Promise.all([0, 1].map(() => log.join({ group, topic: input, sessionTimeoutMs: 6000, run: claim => copy(claim, output) })))
    await using reader = log.read({ topic: output, from: startsAt(0, 0), reader: unique('reader') })

    const ended = Promise.race(members.map(({ ended }) => ended)) // rejects with why: none may
    ended.catch(() => undefined)
    const acknowledged: string[] = []
    const enough = new AbortController()
    const appender = (async () => {
      for (let count = 0; !enough.signal.aborted; count++) {
        const value = String(count)
        for (;;) {
          try {
            await log.append([record(input, value, value)])
            break
          } catch (err) {
            t.is((err as { code?: string }).code, 'HAMMINGBIRD_LOG_UNAVAILABLE')
          }
        }
        acknowledged.push(value)
        await sleep(5)
      }
    })()
    for (let kill = 0; kill < 2; kill++) {
      const before = acknowledged.length
      while (acknowledged.length < before + 30) await sleep(20)
      await broker().kill()
      await sleep(500)
      await broker().restart()
    }
    const after = acknowledged.length
    while (acknowledged.length < after + 10) await sleep(20)
    enough.abort()
    await appender

    const seen = new Map<string, number>()
    while (seen.size < acknowledged.length) {
      const polled = await Promise.race([reader.poll(), ended])
      if (polled === undefined) throw new Error('a member has ended')
      for (const { value } of polled.records) seen.set(String(value), (seen.get(String(value)) ?? 0) + 1)
    }
    t.deepEqual([...seen.keys()].map(Number).sort((a, b) => a - b), acknowledged.map(Number))
    await Promise.all(members.map(member => member.close()))
    const [given, copied] = [await readAll(log, input), await readAll(log, output)]
    t.deepEqual(copied.map(({ partition, value }) => `${partition} ${value}`), given.map(({ partition, value }) => `${partition} ${value}`), 'in its order, each once')
  })
})

/** Copies what comes, a commit a poll, until the claim is lost. */
async function copy (claim: Claim, output: string): Promise<void> {
  for (;;) {
    const { records, next } = await claim.poll({ records: 100 })
    await claim.commit(records.map(({ partition, key, value }) => ({ topic: output, partition, key, value })), next)
  }
}
