import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import type { Broker } from '../../dev/kafka/broker.js'
import { KafkaLog } from '../../log/kafka-log.js'
import type { Log } from '../../log/log.js'
import { withBroker } from '../fixtures/kafka-broker.js'
import { logSuite } from '../suites/log.js'
import { FILLER, record, type LogGround } from '../suites/log/ground.js'

const CLEAN_MS = 60_000

let broker: () => Broker

/** One broker that all tests share, each with topics and groups of its own. */
const ground: LogGround = {
  sessionTimeoutMs: 3000,
  runs: 3,
  retentionMs: 1000,
  dropsSettled: false,

  open: () => KafkaLog.open({ brokers: [broker().bootstrap] }),

  async clean (log: Log, topic: string, ms: number, done: () => Promise<boolean>): Promise<void> {
    const startedMs = performance.now()
    for (let passes = 0; passes === 0 || !await done(); passes++) {
      if (performance.now() - startedMs > CLEAN_MS) throw new Error(`topic ${topic} was not cleaned up`)
      await sleep(Math.max(250, ms / 4))
      // Kafka cleans behind its newest segment only, and begins a new one with a record that comes after segment.ms.
      await log.append((await log.ends(topic)).map((_, partition) => record(topic, FILLER, FILLER, { partition })))
    }
  }
}

/** As many tests at once as a small machine serves in time: sessions of seconds must not end for want of it. */
let free = 10
const waiting: (() => void)[] = []
async function takeTurn (t: ExecutionContext): Promise<void> {
  if (free === 0) await new Promise<void>(resolve => waiting.push(resolve))
  else free--
  t.teardown(() => {
    const next = waiting.shift()
    if (next) next()
    else free++
  })
}

await withBroker('KafkaLog', {
  'log.retention.check.interval.ms': 500,
  'log.initial.task.delay.ms': 500, // 30 s by default: cleaning up would begin after most tests
  'log.cleaner.backoff.ms': 300
}, started => {
  broker = started
  logSuite('KafkaLog', async t => {
    await takeTurn(t)
    return ground
  })
})
