import { readdirSync } from 'node:fs'
import { setPriority } from 'node:os'
import { setImmediate as breathe } from 'node:timers/promises'
import { Worker as Thread } from 'node:worker_threads'
import { codeOf } from '../errors.js'
import type { WorkerNotice, WorkerReply, WorkerRequest } from './protocol.js'

/**
 * Does one job, a step at a time. Each `yield` ends a step and says how many of the job's items are behind it;
 * or what the job waits for, where that is what another job is doing. (To `await` it would stop both.)
 * What it returns is the answer; what it throws is the refusal of the whole job.
 */
export type Work<Job, Result> = (job: Job) => Steps<Result>
export type Steps<Result> = AsyncGenerator<number | { readonly until: Promise<unknown> }, Result, void>

/** While it works, a worker says at least this often how far it has come. */
const BEAT_MS = 100
/** Longest it works without looking for what has come in. */
const BREATH_MS = 5
/** Longest it waits, each time, for the rest of a request that is on its way: the parent may be busy itself. */
const COMING_MS = 20

interface Running<Result> {
  readonly id: number
  readonly lane: number
  readonly steps: Steps<Result>
  waits: boolean
  behind: number
  /** Whether it has come on since that was last said. */
  moved: boolean
}

/**
 * The far side of a worker process: answers every job that comes over the channel, until the parent ends it or is gone.
 *
 * One job runs at a time; between two of its steps a more urgent one takes over. A job that throws is answered with the
 * error's code; only a fault of the machinery (or of native code) ends the process, and the near side answers then.
 */
export function serve<Job, Result> (work: Work<Job, Result>): void {
  if (process.send === undefined || Number(process.argv[2]) !== process.ppid) throw new TypeError('this script is a worker: it is started by a WorkerProcess')
  dieWithParent()
  beNice(Number(process.argv[3] ?? 0))

  const running: Running<Result>[] = []
  const coming = new Set<number>()
  let beatAt = 0
  let breathedAt = 0

  const beat = () => {
    beatAt = performance.now()
    for (const job of running) {
      if (!job.moved) continue
      job.moved = false
      send<Result>({ id: job.id, kind: 'step', behind: job.behind })
    }
  }

  const step = async (job: Running<Result>) => {
    const { id } = job
    try {
      const { done, value } = await job.steps.next()
      if (done !== true) {
        if (typeof value === 'number') job.behind = value
        else waitFor(job, value.until)
        job.moved = true
        return
      }
      running.splice(running.indexOf(job), 1)
      send({ id, kind: 'done', result: value, rssBytes: process.memoryUsage.rss() })
    } catch (err) {
      const at = running.indexOf(job)
      if (at >= 0) running.splice(at, 1)
      if (codeOf(err) === 'HAMMINGBIRD_INTERNAL') console.error(err)
      const message = err instanceof Error ? err.message : String(err)
      send<Result>({ id, kind: 'failed', code: codeOf(err), message, rssBytes: process.memoryUsage.rss() })
    }
  }

  let wake = () => {}
  const waitFor = (job: Running<Result>, what: Promise<unknown>) => {
    job.waits = true
    const over = () => {
      job.waits = false
      wake()
    }
    what.then(over, over)
  }

  let working = false
  const run = async () => {
    if (working) return // one loop: it also sees what comes while it breathes
    working = true
    // A hang inside an asynchronous call leaves the event loop free: the interval still says which item it is.
    const beats = setInterval(beat, BEAT_MS)
    while (running.length > 0) {
      const able = running.filter(job => !job.waits)
      if (able.length > 0) await step(able.reduce((first, job) => job.lane < first.lane ? job : first))
      else await new Promise<void>(resolve => { wake = resolve })
      const now = performance.now()
      if (now - beatAt >= BEAT_MS) beat()
      if (now - breathedAt >= BREATH_MS) {
        do await breathe()
        while (coming.size > 0 && performance.now() - now < COMING_MS)
        breathedAt = performance.now()
      }
    }
    clearInterval(beats)
    working = false
  }

  process.on('message', (message: WorkerRequest<Job> | WorkerNotice) => {
    if ('kind' in message) {
      coming.add(message.id)
      return
    }
    const { id, lane, job } = message
    coming.delete(id)
    running.push({ id, lane, steps: work(job), waits: false, behind: 0, moved: false })
    wake()
    void run()
  })
  send<Result>({ id: 0, kind: 'ready' })
}

function send<Result> (reply: WorkerReply<Result>): void {
  // A channel that is gone ends this process by its 'disconnect'; nobody is left to be told.
  if (process.connected) process.send!(reply, undefined, undefined, () => {})
}

/**
 * A worker ends when its parent does, however that ended and whatever the worker is in the midst of; and only then.
 *
 * - Signals of the terminal and of service managers go to all processes of a group: the parent needs its workers to
 *   finish what is in hand, and ends them itself.
 * - SIGKILL and not `process.exit`, which waits for threads that may hang inside a decoder.
 * - The watch is a thread, for a call into native code that never returns keeps 'disconnect' from being heard.
 */
function dieWithParent (): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  const watch = `
    const { workerData: parent } = require('node:worker_threads')
    setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL') }, 1000)`
  new Thread(watch, { eval: true, workerData: Number(process.argv[2]), execArgv: [], resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 } }).unref()
}

/** On Linux niceness belongs to a thread, and some run already; those made later take it from the thread that makes them. */
function beNice (niceness: number): void {
  if (niceness === 0) return
  const threads = process.platform === 'linux' ? readdirSync('/proc/self/task').map(Number) : [0]
  for (const thread of threads) {
    try {
      setPriority(thread, niceness)
    } catch {
      // A thread that has just ended, or a system that does not let us: it only costs politeness.
    }
  }
}
