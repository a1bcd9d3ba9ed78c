import { setTimeout as wait } from 'node:timers/promises'
import test from 'ava'
import { codeOf } from '../../errors.js'
import { WorkerPool, type WorkerPoolOptions } from '../../workers/pool.js'
import type { Shape } from '../../workers/task.js'
import type { Order, OrdersJob, OrdersResult } from '../fixtures/obedient-worker.js'

const script = new URL('../fixtures/obedient-worker.js', import.meta.url)

const shape: Shape<OrdersJob, OrdersResult> = {
  items: ({ kind, orders }) => kind === 'whole' ? 0 : orders.length,
  slice: ({ kind, orders }, from, to) => ({ kind, orders: orders.slice(from, to) }),
  join: (_, parts) => ({ pid: 0, made: parts.flatMap(part => 'result' in part ? part.result.made : [part.refused]) })
}

const open = (options: Partial<WorkerPoolOptions<OrdersJob, OrdersResult>> = {}) =>
  WorkerPool.open<OrdersJob, OrdersResult>({ script, name: 'test worker', shape, niceness: 0, ...options })
const orders = (...list: Order[]): OrdersJob => ({ kind: 'orders', orders: list })
const numbers = (n: number, from = 0) => Array.from({ length: n }, (_, i) => from + i)

test.serial('pool: does what it is given, in order within a job', async t => {
  await using pool = await open({ workers: 2 })
  const answers = await Promise.all(numbers(40).map(i => pool.run(orders(...numbers(5, i)))))
  answers.forEach(({ made }, i) => t.deepEqual(made, numbers(5, i).map(n => n * 2)))
  const { done, lost, waiting, inHand, running } = pool.status()
  t.like({ done, lost, waiting, inHand, running }, { done: 40, lost: 0, waiting: 0, inHand: 0, running: 2 })
})

test.serial('pool: the item that ends workers is refused, alone; its neighbours and other jobs are answered', async t => {
  await using pool = await open({ workers: 2 })
  const others = numbers(20).map(i => pool.run(orders(i, i + 1)))
  const { made } = await pool.run(orders(...numbers(11), 'crash', ...numbers(5)))
  t.deepEqual(made, [...numbers(11).map(n => n * 2), 'HAMMINGBIRD_IMAGE_KILLS', ...numbers(5).map(n => n * 2)])
  ;(await Promise.all(others)).forEach(({ made }, i) => t.deepEqual(made, [i * 2, i * 2 + 2]))
  t.true(pool.status().lost >= 3)
})

test.serial('pool: two items that end workers in one job are both found', async t => {
  await using pool = await open()
  t.deepEqual((await pool.run(orders('crash', 1, 2, 'crash', 3))).made, ['HAMMINGBIRD_IMAGE_KILLS', 2, 4, 'HAMMINGBIRD_IMAGE_KILLS', 6])
})

test.serial('pool: an item that hangs is refused as one that takes too long', async t => {
  await using pool = await open({ silenceMs: 400 })
  t.deepEqual((await pool.run(orders(1, 'hang', 2))).made, [2, 'HAMMINGBIRD_IMAGE_TIMEOUT', 4])
})

test.serial('pool: a job that cannot be cut, and ends workers, is rejected', async t => {
  await using pool = await open()
  t.is(codeOf(await t.throwsAsync(pool.run({ kind: 'whole', orders: ['crash'] }))), 'HAMMINGBIRD_WORKER_LOST')
  t.is(codeOf(await t.throwsAsync(pool.run(orders('refuse', 1)))), 'HAMMINGBIRD_VERSION_NOT_READY', 'a refusal of the whole job passes')
  t.deepEqual((await pool.run(orders(1))).made, [2])
})

test.serial('pool: workers killed at random under load lose and change nothing', async t => {
  await using pool = await open({ workers: 2 })
  const killer = (async () => {
    for (let kills = 0; kills < 8; kills++) {
      await wait(40)
      await pool.each(async worker => { if (Math.random() < 0.7) process.kill(worker.pid, 'SIGKILL') }).catch(() => {})
    }
  })()
  const answers = await Promise.all(numbers(60).map(i => pool.run(orders(...numbers(4, i), 'sleep 3', i))))
  await killer
  answers.forEach(({ made }, i) => t.deepEqual(made, [...numbers(4, i).map(n => n * 2), 0, i * 2]))
  t.true(pool.status().lost > 0)
})

test.serial('pool: the more urgent lane goes first, also before what a worker has begun', async t => {
  await using pool = await open()
  const ended: string[] = []
  const run = (name: string, lane: 'query' | 'live' | 'backfill', job: OrdersJob) => pool.run(job, { lane }).then(() => ended.push(name))
  const slow = orders('sleep 20', 'sleep 20', 'sleep 20')
  await Promise.all([
    run('backfill 1', 'backfill', slow), run('backfill 2', 'backfill', slow), run('backfill 3', 'backfill', slow),
    run('live', 'live', slow), run('query', 'query', orders(1))
  ])
  t.deepEqual(ended, ['query', 'live', 'backfill 1', 'backfill 2', 'backfill 3'])
})

test.serial('pool: refuses what its queue has no room for', async t => {
  await using pool = await open({ queueLimit: 3 })
  const accepted = numbers(5).map(() => pool.run(orders('sleep 30'))) // two in hand, three waiting
  t.is(codeOf(await t.throwsAsync(pool.run(orders(1)))), 'HAMMINGBIRD_BUSY')
  await Promise.all(accepted)
  t.deepEqual((await pool.run(orders(1))).made, [2])
})

test.serial('pool: a caller that gives up is let go at once, and its work dropped', async t => {
  await using pool = await open()
  const busy = pool.run(orders('sleep 200'))
  const giveUp = new AbortController()
  const inHand = pool.run(orders('crash'), { signal: giveUp.signal })
  const waiting = pool.run(orders('crash'), { signal: giveUp.signal })
  giveUp.abort(new Error('enough'))
  t.is((await t.throwsAsync(waiting)).message, 'enough')
  t.is((await t.throwsAsync(inHand)).message, 'enough')
  await t.throwsAsync(pool.run(orders(1), { signal: giveUp.signal }), { message: 'enough' })
  await busy
  t.deepEqual((await pool.run(orders(1))).made, [2])
})

test.serial('pool: a worker is replaced when it has done its number of jobs, and nobody notices', async t => {
  await using pool = await open({ workers: 2, recycleJobs: 10 })
  const pids = new Set<number>()
  for (let round = 0; round < 2_000 && pids.size < 4; round++) {
    const answers = await Promise.all(numbers(8).map(i => pool.run(orders(i, 'sleep 2'))))
    answers.forEach(({ pid, made }, i) => {
      pids.add(pid)
      t.deepEqual(made, [i * 2, 0])
    })
  }
  const { recycled, lost } = pool.status()
  t.true(recycled >= 2)
  t.is(lost, 0)
})

test.serial('pool: a worker that grows is replaced', async t => {
  await using pool = await open({ recycleGrowthBytes: 64 * 2 ** 20 })
  const first = (await pool.run(orders(1))).pid
  let pid = first
  for (let i = 0; i < 400 && pid === first; i++) pid = (await pool.run(orders('leak', 'sleep 5'))).pid
  t.not(pid, first)
  t.is(pool.status().lost, 0)
})

test.serial('pool: opening one whose workers cannot start fails with their last words', async t => {
  const err = await t.throwsAsync(open({ env: { START: 'crash' } }))
  t.is(codeOf(err), 'HAMMINGBIRD_WORKER_LOST')
  t.regex(err.message, /no test worker can be started: .*told to crash at start/s)
})

test.serial('pool: when no worker can be prepared any more, what waits is told why; it recovers when one can', async t => {
  let broken = false
  await using pool = await open({ prepare: async () => { if (broken) throw new Error('no model') } })
  broken = true
  const job = pool.run(orders('crash'))
  t.regex((await t.throwsAsync(job)).message, /no test worker can be started: no model/)
  t.regex((await t.throwsAsync(pool.run(orders(1)))).message, /no model/)
  t.is(typeof pool.status().broken, 'string')
  broken = false
  while (pool.status().running === 0) await wait(50)
  t.deepEqual((await pool.run(orders(1))).made, [2])
})

test.serial('pool: fresh workers are prepared before they get work, replaced ones too', async t => {
  const prepared: number[] = []
  await using pool = await open({ workers: 2, prepare: async worker => { prepared.push((await worker.ask(orders(1))).pid) } })
  t.is(prepared.length, 2)
  await pool.run(orders('crash', 1))
  const { pid } = await pool.run(orders(1))
  t.true(prepared.includes(pid))
  t.true(prepared.length > 2)
})

test.serial('pool: close rejects what waits and what is in hand, and is done twice as once', async t => {
  const pool = await open()
  const jobs = numbers(5).map(() => pool.run(orders('hang')))
  const refused = jobs.map(job => t.throwsAsync(job))
  await Promise.all([pool.close(), pool.close()])
  for (const err of await Promise.all(refused)) t.is(codeOf(err), 'HAMMINGBIRD_NOT_OPEN')
  t.is(codeOf(await t.throwsAsync(pool.run(orders(1)))), 'HAMMINGBIRD_NOT_OPEN')
})

test.serial('pool: closes at once, also while a worker is being started', async t => {
  const pool = await open()
  const job = t.throwsAsync(pool.run(orders('crash')))
  while (pool.status().lost === 0) await wait(1)
  await pool.close()
  await job
})
