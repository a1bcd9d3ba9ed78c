import { spawn, spawnSync } from 'node:child_process'
import { cpSync, readdirSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { codeOf } from '../../errors.js'
import { RocksKeyValue } from '../../kv/rocks.js'
import { doomedKey, topicKey } from '../../log/embedded/keys.js'
import { EmbeddedLog } from '../../log/embedded-log.js'
import type { Claim, Log } from '../../log/log.js'
import { tempDirectory } from '../fixtures/temp-directory.js'
import { logSuite } from '../suites/log.js'
import { aborted, deferred, joinHolding, pollCount, readAll, record, startsAt, type LogGround } from '../suites/log/ground.js'

logSuite('EmbeddedLog', async t => new EmbeddedGround(t))

/** A directory, and a clock that only tests move. */
class EmbeddedGround implements LogGround {
  readonly sessionTimeoutMs = 150
  readonly runs = 15
  readonly retentionMs = 3_600_000
  readonly dropsSettled = true
  readonly #directory: string
  #nowMs = 1_700_000_000_000

  constructor (t: ExecutionContext) {
    this.#directory = tempDirectory(t)
  }

  open (): Promise<EmbeddedLog> {
    return EmbeddedLog.open({ directory: this.#directory, clock: () => this.#nowMs++, cleanEveryMs: Infinity })
  }

  async clean (log: Log, topic: string, ms: number, done: () => Promise<boolean>): Promise<void> {
    for (let passes = 8; passes > 0; passes--) { // they come all the time
      this.#nowMs += ms / 8
      await (log as EmbeddedLog).clean()
    }
    if (!await done()) throw new Error(`topic ${topic} was not cleaned up`)
  }
}

const copier = fileURLToPath(new URL('../fixtures/log-copier.js', import.meta.url))
const DISK_LIMIT = 8 * 2 ** 20
/** More than one write of the copier takes. One kill in fifty ends a write in its middle: what is cut from that held no record. */
const WRITE_BYTES = 30_000

test('EmbeddedLog: a process killed at any moment loses nothing acknowledged, and copies each record once', async t => {
  const directory = tempDirectory(t)
  for (const more of [10, 300, 1000]) {
    const child = spawn(process.execPath, [copier, directory, '1000', '1000000'])
    t.teardown(() => child.kill('SIGKILL'))
    let [first, acknowledged] = [0, 0]
    for await (const line of createInterface(child.stdout)) {
      acknowledged = Number(line.split(' ')[1])
      first ||= acknowledged
      if (acknowledged >= first + more) child.kill('SIGKILL')
    }
    if (more === 1000) await tryCuts(t, directory)
    t.true((await copied(t, directory)).appended >= acknowledged, 'nothing acknowledged is lost')
  }
})

// A limit on the size of files stands for the full disk: both make a write end in the middle of a record.
test('EmbeddedLog: a full disk is told, and when there is room again nothing acknowledged is lost and no offset given twice', async t => {
  if (process.platform !== 'linux' || spawnSync('prlimit', ['--version']).error) {
    t.log('not run: there is no prlimit on this machine')
    t.pass()
    return
  }
  const directory = tempDirectory(t)
  const child = spawn('prlimit', [`--fsize=${DISK_LIMIT}:unlimited`, process.execPath, copier, directory, '20000', '600'])
  t.teardown(() => child.kill('SIGKILL'))
  let refused = 0
  for await (const line of createInterface(child.stdout)) {
    if (!line.startsWith('refused')) continue
    t.regex(line, /^refused HAMMINGBIRD_(STORAGE|LOG_FENCED)/)
    refused++
    spawnSync('prlimit', ['--fsize=unlimited', `--pid=${child.pid}`])
    child.stdin.write('go on\n')
  }
  t.true(refused > 0)
  t.true((await copied(t, directory)).appended >= 600)
})

test('EmbeddedLog: a directory that is open, or holds something else, is refused', async t => {
  const directory = tempDirectory(t)
  const log = await EmbeddedLog.open({ directory })
  await t.throwsAsync(EmbeddedLog.open({ directory }), { code: 'HAMMINGBIRD_LOCKED' })
  await log.close()
  for (const [key, value] of [['f', 'hammingbird-log 0'], ['f', undefined]] as const) {
    const kv = await RocksKeyValue.open({ directory })
    await kv.write([value ? { type: 'put', key: Buffer.from(key), value: Buffer.from(value) } : { type: 'del', key: Buffer.from(key) }])
    await kv.write([{ type: 'put', key: Buffer.from('something'), value: Buffer.from('else') }])
    await kv.close()
    await t.throwsAsync(EmbeddedLog.open({ directory }), { code: 'HAMMINGBIRD_FORMAT' })
  }
})

test('EmbeddedLog: what a deleted topic held is cleared, also when the process ended in between', async t => {
  const directory = tempDirectory(t)
  const log = await EmbeddedLog.open({ directory })
  await log.createTopic({ name: 'topic', partitions: 2, cleanup: 'compact' })
  await log.append(Array.from({ length: 20 }, (_, i) => record('topic', `k${i % 3}`, String(i), { partition: i % 3 % 2 })))
  await log.clean()
  await log.append([record('topic', 'k1', null, { partition: 1 })])
  await log.close()
  const contents = async () => {
    await using kv = await RocksKeyValue.open({ directory })
    const keys: string[] = []
    for await (const run of kv.iterate({})) keys.push(...run.map(({ key }) => key.toString('latin1', 0, 1)))
    return keys.join('')
  }
  t.is(await contents(), 'dfkkknpprrrrt')
  const kv = await RocksKeyValue.open({ directory }) // the first write of a deletion, and no more
  await kv.write([{ type: 'del', key: topicKey('topic') }, { type: 'put', key: doomedKey(0), value: Buffer.of(1) }])
  await kv.close()
  await using again = await EmbeddedLog.open({ directory })
  t.deepEqual(await again.listTopics(), [])
  await again.close()
  t.is(await contents(), 'fn')
})

test('EmbeddedLog: settled and aged records free what they took', async t => {
  const directory = tempDirectory(t)
  let nowMs = 1e12
  const log = await EmbeddedLog.open({ directory, clock: () => nowMs, cleanEveryMs: Infinity })
  await log.createTopic({ name: 'aged', partitions: 1, cleanup: 'delete', retentionMs: 1000, segmentMs: 100 })
  for (let i = 0; i < 30; i++, nowMs += 100) await log.append([record('aged', null, String(i))])
  await log.clean()
  t.deepEqual((await readAll(log, 'aged')).map(({ value }) => Number(value)), Array.from({ length: 10 }, (_, i) => 20 + i), 'to the mark')
  t.deepEqual(await log.starts('aged'), [20])
  nowMs += 10_000
  await log.clean()
  nowMs += 10_000
  await log.clean()
  t.deepEqual(await log.starts('aged'), await log.ends('aged'))
  await log.close()
})

test('EmbeddedLog: a member that fell silent alone gets its partition again when its run has ended', async t => {
  await using log = await EmbeddedLog.open({ directory: tempDirectory(t) })
  await log.createTopic({ name: 'topic', partitions: 1, cleanup: 'forever' })
  await log.append([record('topic', 'a', '1')])
  const [again, runs] = [deferred<Claim>(), [] as Claim[]]
  await using _member = await log.join({
    group: 'group',
    topic: 'topic',
    sessionTimeoutMs: 40,
    run: async claim => {
      runs.push(claim)
      await pollCount(claim, 1)
      if (runs.length === 2) again.resolve(claim)
      await aborted(claim.signal)
    }
  })
  const second = await again.promise
  t.is(codeOf(runs[0]!.signal.reason), 'HAMMINGBIRD_LOG_FENCED')
  await t.throwsAsync(runs[0]!.commit([], 1), { code: 'HAMMINGBIRD_LOG_FENCED' })
  await second.commit([], 1)
  t.deepEqual(await log.committed('group', 'topic'), [1])
})

test('EmbeddedLog: a run that ends by itself is done with its partition', async t => {
  await using log = await EmbeddedLog.open({ directory: tempDirectory(t) })
  await log.createTopic({ name: 'topic', partitions: 2, cleanup: 'forever' })
  const runs: number[] = []
  const ended = deferred()
  const first = await log.join({
    group: 'group',
    topic: 'topic',
    sessionTimeoutMs: 40,
    run: async ({ partition }) => { if (runs.push(partition) === 2) ended.resolve() }
  })
  await ended.promise
  const second = await joinHolding(log, { group: 'group', topic: 'topic' })
  const { partition } = await second.claim() // which the first gave up at once
  await first.close()
  const other = await second.claim()
  t.deepEqual([partition, other.partition].sort(), [0, 1])
  t.deepEqual(runs, [0, 1])
  await second.member.close()
})

test('EmbeddedLog: who waits at a topic that is deleted is told', async t => {
  await using log = await EmbeddedLog.open({ directory: tempDirectory(t) })
  await log.createTopic({ name: 'topic', partitions: 1, cleanup: 'forever' })
  await using reader = log.read({ topic: 'topic', from: startsAt(0), reader: 'reader' })
  const polling = deferred()
  const member = await log.join({
    group: 'group',
    topic: 'topic',
    run: async claim => {
      const polled = claim.poll()
      polling.resolve()
      await polled
    }
  })
  await polling.promise
  const notFound = { code: 'HAMMINGBIRD_NOT_FOUND' }
  await Promise.all([t.throwsAsync(reader.poll(), notFound), t.throwsAsync(member.ended, notFound), log.deleteTopic('topic')])
  await member.close()
})

test('EmbeddedLog: sizes, times and limits out of range are refused', async t => {
  const directory = tempDirectory(t)
  await t.throwsAsync(EmbeddedLog.open({ directory, cleanEveryMs: 0 }), { instanceOf: RangeError })
  await using log = await EmbeddedLog.open({ directory })
  const spec = { name: 'topic', partitions: 1, cleanup: 'forever' } as const
  for (const wrong of [{ name: '' }, { name: 'a/b' }, { name: '..' }, { partitions: 0 }, { partitions: 1.5 }, { retentionMs: 0 }, { maxMessageBytes: NaN }, { cleanup: 'settled' }] as const) {
    await t.throwsAsync(log.createTopic({ ...spec, ...wrong }), { instanceOf: RangeError })
  }
  await log.createTopic(spec)
  await using reader = log.read({ topic: 'topic', from: startsAt(0), reader: 'reader' })
  await t.throwsAsync(reader.poll({ records: 0 }), { instanceOf: RangeError })
  await t.throwsAsync(log.append([record('topic', 'a', '1', { timestampMs: -1 })]), { instanceOf: RangeError })
  await t.throwsAsync(log.join({ group: 'group', topic: 'topic', run: async () => {}, sessionTimeoutMs: 0 }), { instanceOf: RangeError })
  const { member, claim } = await joinHolding(log, { group: 'group', topic: 'topic' })
  const held = await claim()
  for (const next of [1, -1, 0.5]) await t.throwsAsync(held.commit([], next), { instanceOf: RangeError })
  await member.close()
})

/** A loss of power takes what was not synced off the end of RocksDB's log of writes: whatever it takes, what is left fits together. */
async function tryCuts (t: ExecutionContext, directory: string): Promise<void> {
  const writes = readdirSync(directory).filter(file => file.endsWith('.log')).sort().at(-1)!
  const { size } = statSync(join(directory, writes))
  t.true(size > 100_000, 'there is something to cut')
  let left = await cut(0)
  for (const bytes of [1, 11, 2000, 30_000, size - 5000]) {
    const records = await cut(bytes)
    t.true(records <= left, `${records} records are left without the last ${bytes} bytes, of ${left}`)
    if (bytes >= WRITE_BYTES) t.true(records < left, `all ${left} records are left without the last ${bytes} bytes`)
    left = records
  }

  async function cut (bytes: number): Promise<number> {
    const copy = tempDirectory(t)
    cpSync(directory, copy, { recursive: true })
    truncateSync(join(copy, writes), size - bytes)
    return (await copied(t, copy)).records
  }
}

/** Checks that the output is the beginning of the input, and the position behind it; says how far appending came, and how much there is. */
async function copied (t: ExecutionContext, directory: string): Promise<{ readonly appended: number, readonly records: number }> {
  await using log = await EmbeddedLog.open({ directory })
  const input = await readAll(log, 'input')
  const output = await readAll(log, 'output')
  const numbers = input.map(({ key }) => Number(key))
  t.deepEqual([...new Set(numbers)], Array.from({ length: numbers.at(-1)! + 1 }, (_, i) => i), 'each is there, in order')
  t.deepEqual(output.map(({ key }) => Number(key)), numbers.slice(0, output.length))
  t.true(output.every(({ value }, i) => value!.equals(input[i]!.value!)), 'as they were')
  const [position] = await log.committed('copier', 'input')
  t.true((position ?? 0) > (input[output.length - 1]?.offset ?? -1) && (position ?? 0) <= (input[output.length]?.offset ?? Infinity), 'the position is behind what was copied')
  return { appended: (numbers.at(-1) ?? -1) + 1, records: input.length + output.length }
}
