import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import test from 'ava'
import { codeOf } from '../../errors.js'
import { WorkerLossError, WorkerProcess } from '../../workers/child.js'
import type { Order, OrdersJob, OrdersResult } from '../fixtures/obedient-worker.js'

const script = new URL('../fixtures/obedient-worker.js', import.meta.url)
const open = (env: Record<string, string> = {}) => WorkerProcess.open<OrdersJob, OrdersResult>({ script, name: 'test worker', niceness: 0, env })
const orders = (...list: Order[]): OrdersJob => ({ kind: 'orders', orders: list })

test.serial('worker process: answers each job under its own number, whatever ends first', async t => {
  await using worker = await open()
  const answers = await Promise.all([worker.ask(orders('sleep 50', 1)), worker.ask(orders(2)), worker.ask(orders(3))])
  t.deepEqual(answers.map(({ made }) => made), [[0, 2], [4], [6]])
  t.true(worker.rssBytes > 1e7)
})

test.serial('worker process: a job that throws is refused with its code; the worker works on', async t => {
  await using worker = await open()
  t.is(codeOf(await t.throwsAsync(worker.ask(orders('refuse')))), 'HAMMINGBIRD_VERSION_NOT_READY')
  t.is(codeOf(await t.throwsAsync(worker.ask(orders('throw')))), 'HAMMINGBIRD_INTERNAL')
  t.is(codeOf(await t.throwsAsync(worker.ask(orders('uncloneable')))), 'HAMMINGBIRD_INTERNAL', 'an answer that cannot cross')
  t.deepEqual((await worker.ask(orders(4))).made, [8])
})

test.serial('worker process: one that dies rejects all it had in hand, and whoever asks in that very moment', async t => {
  await using worker = await open()
  const asked = [worker.ask(orders('crash')), worker.ask(orders(1)), worker.ask(orders(2))]
  const again = asked.map(answer => answer.catch(() => worker.ask(orders(3))))
  for (const answer of asked) t.is(codeOf(await t.throwsAsync(answer, { instanceOf: WorkerLossError })), 'HAMMINGBIRD_WORKER_LOST')
  for (const answer of again) t.is(codeOf(await t.throwsAsync(answer)), 'HAMMINGBIRD_WORKER_LOST')
  await worker.lost
  t.is(codeOf(await t.throwsAsync(worker.ask(orders(1)))), 'HAMMINGBIRD_WORKER_LOST')
})

test.serial('worker process: a silent one is ended, whether it spins or sleeps, and the loss says how far it was', async t => {
  for (const trouble of ['hang', 'hang-asleep'] as const) {
    await using worker = await open()
    const job = worker.ask(orders('sleep 250', 1, trouble, 1), { silenceMs: 1_500 })
    const loss = await t.throwsAsync<WorkerLossError>(job, { instanceOf: WorkerLossError })
    t.is(loss.code, 'HAMMINGBIRD_WORKER_TIMEOUT')
    t.true(loss.behind <= 2, 'never further than it was')
    if (trouble === 'hang-asleep') t.is(loss.behind, 2, 'exactly, where its event loop was free')
  }
})

test.serial('worker process: a slow job whose steps are short is not silent', async t => {
  await using worker = await open()
  const { made } = await worker.ask(orders(...Array.from({ length: 8 }, () => 'sleep 150' as const)), { silenceMs: 1_500 })
  t.is(made.length, 8)
})

test.serial('worker process: one that cannot start says why', async t => {
  const err = await t.throwsAsync(open({ START: 'crash' }))
  t.is(codeOf(err), 'HAMMINGBIRD_WORKER_LOST')
  t.regex(err.message, /told to crash at start/)
  t.is(codeOf(await t.throwsAsync(WorkerProcess.open({ script, name: 'test worker', env: { START: 'hang' }, readyMs: 300 }))), 'HAMMINGBIRD_WORKER_LOST')
})

test.serial('worker process: between steps the more urgent job goes first', async t => {
  await using worker = await open()
  const ended: string[] = []
  const slow = worker.ask(orders('sleep 20', 'sleep 20', 'sleep 20', 'sleep 20'), { lane: 3 }).then(() => ended.push('backfill'))
  const quick = worker.ask(orders(1), { lane: 0 }).then(() => ended.push('query'))
  await Promise.all([slow, quick])
  t.deepEqual(ended, ['query', 'backfill'])
})

test.serial('worker process: jobs that come while it is deaf, and has nothing else in hand, are answered once, each', async t => {
  await using worker = await open()
  for (let i = 0; i < 5; i++) {
    const spins = worker.ask(orders('spin 60'))
    await wait(20) // it has begun, and reads the next ones only when it has ended
    const after = await Promise.all([spins, ...[1, 2, 3].map(n => worker.ask(orders(n, 'sleep 1', n), { silenceMs: 3_000 }))])
    t.deepEqual(after.map(({ made }) => made), [[0], [2, 0, 2], [4, 0, 4], [6, 0, 6]])
  }
})

test.serial('worker process: signals of the terminal leave it at work; close ends it, twice is once', async t => {
  const worker = await open()
  const answer = worker.ask(orders('sleep 200', 5))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(worker.pid, signal)
  t.deepEqual((await answer).made, [0, 10])
  const inHand = t.throwsAsync(worker.ask(orders('hang')), { instanceOf: WorkerLossError })
  await Promise.all([worker.close(), worker.close()])
  await inHand
  t.is(codeOf(await t.throwsAsync(worker.ask(orders(1)))), 'HAMMINGBIRD_NOT_OPEN')
})

for (const trouble of ['sleep 60000', 'hang'] as const) {
  test.serial(`worker process: dies with a parent that is killed, though it is at work (${trouble})`, async t => {
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', `
      const { WorkerProcess } = await import(${JSON.stringify(new URL('../../workers/child.js', import.meta.url).href)})
      const worker = await WorkerProcess.open({ script: new URL(${JSON.stringify(script.href)}), name: 'test worker' })
      worker.ask({ kind: 'orders', orders: [${JSON.stringify(trouble)}] }, { silenceMs: 60_000 })
      setTimeout(() => console.log(worker.pid), 100)
    `], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [chunk] = await once(parent.stdout, 'data') as [Buffer]
    const pid = Number(chunk.toString())
    t.notThrows(() => process.kill(pid, 0), 'the worker runs')
    parent.kill('SIGKILL')
    for (let tries = 0; tries < 200 && isAlive(pid); tries++) await wait(25)
    t.false(isAlive(pid))
  })
}

function isAlive (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
