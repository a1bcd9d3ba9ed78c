import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { HammingbirdError } from '../errors.js'
import type { WorkerNotice, WorkerReply, WorkerRequest } from './protocol.js'

export interface WorkerProcessOptions {
  /** The built script of the worker: it calls `serve`. */
  readonly script: URL
  /** What messages call it: `decoder`, `encoder`. */
  readonly name: string
  /** Set beside the parent's environment. */
  readonly env?: Readonly<Record<string, string>>
  /** How far it steps back behind other processes: 0 to 19. @default 10 */
  readonly niceness?: number
  /** Longest a start may take. @default 30_000 */
  readonly readyMs?: number
  /** Ends it, even as it starts. */
  readonly signal?: AbortSignal
}

export interface AskOptions {
  /** Between steps the worker goes on with the job of the lowest lane. @default 0 */
  readonly lane?: number
  /** Longest the worker may be silent with work in hand; then it is ended. @default 10_000 */
  readonly silenceMs?: number
  /** Called when the worker says that it has come on, some times a second at most. */
  readonly beat?: (() => void) | undefined
}

/** A worker ended with a job in hand; what the job had got to by then. */
export class WorkerLossError extends HammingbirdError {
  override readonly name = 'WorkerLossError'

  /** @param behind the first items of the job, known to be dealt with: they did not end the worker. */
  constructor (code: 'HAMMINGBIRD_WORKER_LOST' | 'HAMMINGBIRD_WORKER_TIMEOUT', message: string, readonly behind: number) {
    super(code, message)
  }
}

interface Pending<Result> {
  readonly resolve: (result: Result) => void
  readonly reject: (err: Error) => void
  readonly silenceMs: number
  readonly beat: (() => void) | undefined
  behind: number
}

const TAIL_CHARS = 2_000

/**
 * One worker process that is ready to work: there is none that is not.
 *
 * Who asks is never left waiting: a process that ends rejects all it had in hand with a `WorkerLossError`, which is
 * retryable, and refuses what comes after; `lost` resolves then, so that a pool may start another. One that is silent
 * for too long is ended and says `HAMMINGBIRD_WORKER_TIMEOUT`. It dies with its parent, however that ends.
 */
export class WorkerProcess<Job, Result> implements AsyncDisposable {
  /** Resolves when the process is gone, for whatever reason. Never rejects. */
  readonly lost: Promise<void>
  /** What the process held in memory when it last answered. */
  rssBytes = 0
  readonly #name: string
  readonly #child: ChildProcess
  readonly #pending = new Map<number, Pending<Result>>()
  #nextId = 1
  #heardAt = 0
  #watch: NodeJS.Timeout | undefined
  #refusal: HammingbirdError | undefined
  #timedOut = false
  #tail = ''
  #ready = () => {}

  /** @throws HammingbirdError `HAMMINGBIRD_WORKER_LOST` when it ends before it is ready, with its last words. */
  static async open<Job, Result> (options: WorkerProcessOptions): Promise<WorkerProcess<Job, Result>> {
    const { readyMs = 30_000, name, signal } = options
    const worker = new WorkerProcess<Job, Result>(options)
    const abort = () => { void worker.close() }
    signal?.addEventListener('abort', abort, { once: true })
    void worker.lost.then(() => signal?.removeEventListener('abort', abort))
    const ready = new Promise<'ready'>(resolve => { worker.#ready = () => resolve('ready') })
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>(resolve => { timer = setTimeout(resolve, readyMs, 'late') })
    const outcome = await Promise.race([ready, late, worker.lost])
    clearTimeout(timer)
    if (outcome === 'ready' && worker.#refusal === undefined) return worker
    await worker.close()
    throw new HammingbirdError('HAMMINGBIRD_WORKER_LOST', outcome === 'late'
      ? `the ${name} was not ready after ${readyMs} ms`
      : `the ${name} ended as it started${worker.#lastWords()}`)
  }

  private constructor ({ script, name, env = {}, niceness = 10 }: WorkerProcessOptions) {
    this.#name = name
    const child = fork(fileURLToPath(script), [String(process.pid), String(niceness)], {
      serialization: 'advanced',
      env: { ...process.env, ...env },
      execArgv: ['--enable-source-maps'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc']
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => { this.#tail = (this.#tail + text).slice(-TAIL_CHARS) })
    }
    child.on('message', (reply: WorkerReply<Result>) => this.#hear(reply))
    this.lost = new Promise(resolve => {
      let ended = ''
      let exited = false
      const end = () => {
        if (!exited || child.connected) return // answers sent before the end are still in the channel
        this.#end(ended)
        resolve()
      }
      child.on('error', err => { // no process could be started; a failed send is followed by 'exit'
        this.#tail += err.message
        if (child.pid !== undefined) return
        exited = true
        end()
      })
      child.once('exit', (code, signal) => {
        ended = signal === null ? `with exit code ${code}` : `by ${signal}`
        exited = true
        end()
      })
      child.once('disconnect', () => {
        child.kill('SIGKILL')
        end()
      })
    })
  }

  get pid (): number {
    return this.#child.pid ?? Number.NaN // and not 0, which to kill() is everybody
  }

  /** Why it takes no more work, where that is so. */
  get refusal (): HammingbirdError | undefined {
    return this.#refusal
  }

  /** Rejects with the worker's own refusal, or with a `WorkerLossError` when it ends first. */
  ask (job: Job, { lane = 0, silenceMs = 10_000, beat }: AskOptions = {}): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#refusal) throw this.#refusal
      const id = this.#nextId++
      if (this.#pending.size > 0) this.#child.send({ id, kind: 'coming' } satisfies WorkerNotice, () => {})
      this.#child.send({ id, lane, job } satisfies WorkerRequest<Job>, err => {
        if (err !== null) this.#child.kill('SIGKILL') // a channel that fails has no worker behind it
      })
      if (this.#pending.size === 0) {
        this.#heardAt = performance.now()
        this.#watchIn(silenceMs)
      }
      this.#pending.set(id, { resolve, reject, silenceMs, beat, behind: 0 })
    })
  }

  /** Ends the process. Work in hand is rejected: whoever wants it finished waits for it first. */
  close (): Promise<void> {
    this.#refusal ??= new HammingbirdError('HAMMINGBIRD_NOT_OPEN', `the ${this.#name} is closed`)
    this.#child.kill('SIGKILL')
    return this.lost
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  #hear (reply: WorkerReply<Result>): void {
    this.#heardAt = performance.now()
    if (reply.kind === 'ready') return this.#ready()
    const pending = this.#pending.get(reply.id)
    if (pending === undefined) return
    if (reply.kind === 'step') {
      pending.behind = reply.behind
      return pending.beat?.()
    }
    this.rssBytes = reply.rssBytes
    this.#pending.delete(reply.id)
    if (reply.kind === 'done') pending.resolve(reply.result)
    else pending.reject(new HammingbirdError(reply.code, reply.message))
  }

  #watchIn (waitMs: number, secondLook = false): void {
    const dueMs = performance.now() + waitMs
    clearTimeout(this.#watch)
    this.#watch = setTimeout(() => {
      if (this.#pending.size === 0) return
      const now = performance.now()
      if (now - dueMs > 500) this.#heardAt = now // it was us who did not run: stopped, asleep or busy
      const limitMs = Math.max(...Array.from(this.#pending.values(), pending => pending.silenceMs))
      const leftMs = this.#heardAt + limitMs - now
      if (leftMs > 0) return this.#watchIn(leftMs)
      if (!secondLook) return this.#watchIn(50, true) // what it said may lie unread in the channel
      this.#timedOut = true
      this.#refusal ??= new HammingbirdError('HAMMINGBIRD_WORKER_TIMEOUT', `the ${this.#name} was silent for ${limitMs} ms`)
      this.#child.kill('SIGKILL')
    }, waitMs)
  }

  #end (how: string): void {
    clearTimeout(this.#watch)
    const closed = this.#refusal?.code === 'HAMMINGBIRD_NOT_OPEN'
    const code = this.#timedOut ? 'HAMMINGBIRD_WORKER_TIMEOUT' : 'HAMMINGBIRD_WORKER_LOST'
    const message = closed ? `the ${this.#name} was closed with work in hand` : this.#refusal?.message ?? `the ${this.#name} ended ${how}${this.#lastWords()}`
    this.#refusal ??= new HammingbirdError('HAMMINGBIRD_WORKER_LOST', message) // before rejecting: who is rejected may ask again at once
    for (const { reject, behind } of this.#pending.values()) reject(new WorkerLossError(code, message, behind))
    this.#pending.clear()
  }

  #lastWords (): string {
    const words = this.#tail.trim()
    return words === '' ? '' : `; its last words: ${words}`
  }
}
