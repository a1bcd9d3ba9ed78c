import { setTimeout as sleep } from 'node:timers/promises'
import type { Kafka } from 'kafkajs'
import { HammingbirdError } from '../../errors.js'
import type { GroupMember, JoinOptions, LogRecord } from '../log.js'
import { KafkaClaim } from './claim.js'
import type { KafkaConnection } from './client.js'
import { fromKafka } from './errors.js'
import { Subscription } from './subscription.js'
import type { Topics } from './topics.js'

export interface MemberOptions extends JoinOptions {
  readonly kafka: Kafka
  readonly connection: KafkaConnection
  readonly topics: Topics
  readonly left: () => void
}

/** A partition at work: what claims it, and the work on it. */
interface Work {
  readonly claim: KafkaClaim
  /** Never rejects. */
  readonly ended: Promise<void>
  /** Where it may be read from. */
  readonly opened: Promise<void>
}

const RETRY_MS = 500
/** In a row, without a partition opened in between. */
const MOST_FAILURES = 5

/**
 * A member of a group: joins, and joins again with a new consumer whenever the former one has ended or its place is in
 * doubt. Before that, all work on what it had is ended: so a partition has one claim at a time, and should that fail,
 * the claim that is opened next fences the former one.
 */
export class KafkaMember implements GroupMember {
  readonly ended: Promise<void>
  readonly #options: MemberOptions
  readonly #sessionTimeoutMs: number
  readonly #work = new Map<number, Work>()
  readonly #closing = new AbortController()
  readonly #running: Promise<void>
  #settle!: { readonly resolve: () => void, readonly reject: (err: unknown) => void }
  #failed = false
  #failures = 0
  #rebalancingMs: number | undefined
  #endSession: (why?: unknown) => void = () => {}

  constructor (options: MemberOptions) {
    this.#options = options
    this.#sessionTimeoutMs = options.sessionTimeoutMs ?? 10_000
    if (!(this.#sessionTimeoutMs >= 100)) throw new RangeError(`sessionTimeoutMs must be 100 or more, got ${options.sessionTimeoutMs}`)
    this.ended = new Promise((resolve, reject) => { this.#settle = { resolve, reject } })
    this.ended.catch(() => undefined) // observed, whoever else looks
    this.#running = this.#run()
  }

  async close (): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  async #run (): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        const why = await this.#session(signal)
        if (why !== undefined) throw why
      } catch (err) {
        const ours = fromKafka(err, `joining group ${this.#options.group}`)
        if (++this.#failures > MOST_FAILURES || !(ours as Partial<HammingbirdError>).retryable) this.#fail(ours)
      }
      this.#takeAll(signal.aborted ? closing() : fenced('its member has left the group'))
      await this.#allEnded()
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined) // cut short by close()
    }
    this.#options.left()
    if (!this.#failed) this.#settle.resolve()
  }

  /** One consumer's life. @returns why it ended, when that was neither asked for nor a matter of the group. */
  async #session (signal: AbortSignal): Promise<unknown> {
    const { connection, topic, group } = this.#options
    this.#rebalancingMs = undefined
    const subscription: Subscription = new Subscription({
      connection,
      topic,
      group,
      sessionTimeoutMs: this.#sessionTimeoutMs,
      joined: partitions => { this.#joined(subscription, partitions) },
      mayJoinAgain: () => this.#mayJoinAgain(),
      fetched: (partition, records, next, stale) => this.#fetched(partition, records, next, stale)
    })
    const ending = new Promise<unknown>(resolve => { this.#endSession = resolve })
    const watch = setInterval(() => { this.#missSilent() }, Math.max(20, this.#sessionTimeoutMs / 10)).unref()
    const onAbort = (): void => { this.#endSession() }
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await subscription.start()
      if (signal.aborted) this.#endSession()
      const why = await Promise.race([subscription.ended, ending])
      if (signal.aborted) {
        // Those who take over need not miss us: work ends first, and then we leave.
        this.#takeAll(closing())
        await this.#allEnded()
      }
      return why
    } finally {
      signal.removeEventListener('abort', onAbort)
      clearInterval(watch)
      this.#takeAll(fenced('its member leaves the group'))
      await subscription.close()
    }
  }

  #joined (subscription: Subscription, partitions: readonly number[]): void {
    if (partitions.length === 0) this.#failures = 0
    this.#rebalancingMs = undefined
    if (this.#closing.signal.aborted) return
    for (const [partition, { claim }] of this.#work) {
      if (!partitions.includes(partition)) claim.lose(fenced('another member has it now'))
    }
    for (const partition of partitions) {
      // kafkajs joins again by itself, as when it was not missed yet: what is still ours goes on where it was. Should
      // another have had it meanwhile, our next commit is refused.
      const claim = this.#work.get(partition)?.claim
      subscription.resume(partition)
      if (claim?.signal.aborted === false) claim.fetchAgain(subscription)
      else this.#begin(subscription, partition)
    }
  }

  #begin (subscription: Subscription, partition: number): void {
    const { kafka, topics, group, topic, run } = this.#options
    const former = this.#work.get(partition)?.ended
    const claim = new KafkaClaim({
      kafka, topics, group, topic, partition,
      pause: paused => { if (paused) subscription.pause(partition); else subscription.resume(partition) },
      lost: () => { this.#endSession() }
    })
    const opened = (async () => {
      await former
      if (claim.signal.aborted) return
      const position = await claim.open()
      this.#failures = 0
      if (!claim.signal.aborted) subscription.seek(partition, position)
    })()
    const ended = (async () => {
      try {
        const open = await opened.then(() => true, (err: unknown) => {
          if (!claim.signal.aborted) this.#endSession(fromKafka(err, `opening ${topic} partition ${partition}`)) // a broker may go meanwhile
          return false
        })
        if (open && !claim.signal.aborted) await run(claim)
      } catch (err) {
        if (!claim.signal.aborted) this.#stumble(err)
      } finally {
        await claim.close()
        if (this.#work.get(partition)?.claim === claim) this.#work.delete(partition)
      }
    })()
    this.#work.set(partition, { claim, opened, ended })
  }

  async #fetched (partition: number, records: readonly LogRecord[], next: number, stale: () => boolean): Promise<void> {
    const work = this.#work.get(partition)
    if (work === undefined) return
    await Promise.race([work.opened, work.ended]).catch(() => undefined) // it is heard of where it began
    if (!stale()) work.claim.fetched(records, next)
  }

  /** The first error is what `ended` says: what follows from it does not hide it. */
  #stumble (err: unknown): void {
    this.#fail(err)
    this.#endSession()
  }

  #fail (err: unknown): void {
    this.#failed = true
    this.#settle.reject(err)
    this.#closing.abort()
  }

  #mayJoinAgain (): boolean {
    this.#rebalancingMs ??= performance.now()
    this.#takeAll(fenced('the group rebalances'))
    if (performance.now() - this.#rebalancingMs > this.#sessionTimeoutMs) this.#endSession() // the others go on without us
    return this.#work.size === 0
  }

  #missSilent (): void {
    const claims = [...this.#work.values()].map(({ claim }) => claim).filter(({ signal }) => !signal.aborted)
    if (claims.length === 0 || claims.some(claim => claim.active(this.#sessionTimeoutMs))) return
    this.#takeAll(fenced(`it neither polled, committed nor beat for ${this.#sessionTimeoutMs} ms`))
    this.#endSession()
  }

  #takeAll (reason: HammingbirdError): void {
    for (const { claim } of this.#work.values()) claim.lose(reason)
  }

  async #allEnded (): Promise<void> {
    while (this.#work.size > 0) await Promise.all([...this.#work.values()].map(({ ended }) => ended))
  }
}

function fenced (why: string): HammingbirdError {
  return new HammingbirdError('HAMMINGBIRD_LOG_FENCED', `the partition is lost: ${why}`)
}

function closing (): HammingbirdError {
  return new HammingbirdError('HAMMINGBIRD_NOT_OPEN', 'the member is closing')
}
