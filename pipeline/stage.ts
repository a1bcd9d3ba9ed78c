import { setTimeout as sleep } from 'node:timers/promises'
import { lastValueFrom, tap, type Observable } from 'rxjs'
import { HammingbirdError, codeOf } from '../errors.js'
import type { Claim, Log } from '../log/log.js'

export interface StageOptions {
  /** For people: `ingest default`, `encode default v0`. */
  readonly name: string
  readonly log: Log
  readonly group: string
  readonly topic: string
  /** The graph of one partition. */
  readonly graph: (claim: Claim, drain: AbortSignal) => Observable<number>
  /** Told of every failure, before the stage joins again. */
  readonly failed: (err: unknown, name: string) => void
  /** A member that gives no sign for this long loses its partitions. @default the log's */
  readonly sessionTimeoutMs?: number | undefined
  /** A drain that takes longer is cut off: what it had in flight is read again. @default 10,000 */
  readonly drainMs?: number
}

const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 30_000
/** A log that does not answer has been waited for already: when it is back, work goes on at once. */
const UNAVAILABLE_RETRY_MS = 500

/**
 * Runs a group's graph for as long as it is open: joins, and after a failure joins again, at growing intervals. Only what
 * waiting cannot mend (`HAMMINGBIRD_LOG_TRUNCATED`, `…_TOPIC_SETTINGS`) stops it for good; the process lives on and
 * its status says so.
 */
export class Stage implements AsyncDisposable {
  readonly name: string
  readonly #options: StageOptions
  readonly #drain = new AbortController()
  readonly #running: Promise<void>
  #settled = 0
  #stopped: HammingbirdError | undefined
  #retryMs = FIRST_RETRY_MS

  constructor (options: StageOptions) {
    this.name = options.name
    this.#options = options
    this.#running = this.#run()
  }

  /** Messages settled since it was opened. */
  get settled (): number {
    return this.#settled
  }

  /** Why it stopped for good; `undefined` while it runs. */
  get stopped (): HammingbirdError | undefined {
    return this.#stopped
  }

  /** Finishes what is in flight, then leaves the group. */
  async close (): Promise<void> {
    this.#drain.abort()
    await this.#running
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  async #run (): Promise<void> {
    while (!this.#drain.signal.aborted && this.#stopped === undefined) {
      try {
        await this.#runOnce()
      } catch (err) {
        if (this.#drain.signal.aborted) return
        this.#options.failed(err, this.name)
        if (err instanceof HammingbirdError && (err.code === 'HAMMINGBIRD_LOG_TRUNCATED' || err.code === 'HAMMINGBIRD_TOPIC_SETTINGS')) this.#stopped = err
        else await this.#wait(codeOf(err) === 'HAMMINGBIRD_LOG_UNAVAILABLE')
      }
    }
  }

  async #runOnce (): Promise<void> {
    const { log, group, topic, sessionTimeoutMs, drainMs = 10_000 } = this.#options
    const { signal } = this.#drain
    const working = new Set<Promise<void>>()
    const member = await log.join({
      group,
      topic,
      ...(sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs }),
      run: claim => {
        const work = this.#work(claim).finally(() => working.delete(work))
        working.add(work)
        return work
      }
    })
    try {
      await Promise.race([member.ended, aborted(signal)])
      if (signal.aborted) await Promise.race([Promise.allSettled(working), sleep(drainMs, undefined, { ref: false })])
    } finally {
      await member.close()
    }
  }

  async #work (claim: Claim): Promise<void> {
    const counted = this.#options.graph(claim, this.#drain.signal).pipe(tap(count => {
      this.#settled += count
      this.#retryMs = FIRST_RETRY_MS
    }))
    try {
      await lastValueFrom(counted, { defaultValue: 0 })
    } catch (err) {
      if (!claim.signal.aborted) throw err // a lost claim is no failure: another member has it now
    }
  }

  async #wait (unavailable: boolean): Promise<void> {
    await sleep(unavailable ? UNAVAILABLE_RETRY_MS : this.#retryMs, undefined, { signal: this.#drain.signal }).catch(() => undefined) // cut short by close()
    if (!unavailable) this.#retryMs = Math.min(LAST_RETRY_MS, this.#retryMs * 2)
  }
}

function aborted (signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => { resolve() }, { once: true })
  })
}
