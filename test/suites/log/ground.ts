import { randomBytes } from 'node:crypto'
import type { ExecutionContext } from 'ava'
import type { Claim, GroupMember, JoinOptions, Log, LogReader, LogRecord, NewRecord, TopicSpec } from '../../../log/log.js'

/** A log to try, and what can be asked of it. */
export interface LogGround {
  /** Opens a log: what an earlier one on this ground left is there. The suite closes it. */
  open (): Promise<Log>
  /** Shortest session timeout that the log takes. */
  readonly sessionTimeoutMs: number
  /** How often a property is tried, since a broker takes longer than a directory. */
  readonly runs: number
  /** How long records of the tests on cleaning up are kept: short, where time cannot be moved. */
  readonly retentionMs: number
  /** Whether a settled record goes before its time. */
  readonly dropsSettled: boolean
  /**
   * Lets `ms` pass as the log sees it, and lets it clean up until `done`; rejects when that does not come. It may append
   * records with the key `filler` to the topic, where a log cleans up only behind its newest records.
   */
  clean (log: Log, topic: string, ms: number, done: () => Promise<boolean>): Promise<void>
}

/** Starts a ground for one test, or gives one that many share. */
export type OpenGround = (t: ExecutionContext) => Promise<LogGround>

export const FILLER = 'filler'

let names = 0
const run = randomBytes(4).toString('hex')

/** A name nobody else has on this ground, in this run or another. */
export function unique (kind: string): string {
  return `${kind}-${run}-${names++}`
}

/** Makes a topic of its own. */
export async function newTopic (log: Log, spec: Partial<TopicSpec> = {}): Promise<string> {
  const name = unique('topic')
  await log.createTopic({ name, partitions: 1, cleanup: 'forever', ...spec })
  return name
}

export function record (topic: string, key: string | null, value: string | null, more: Partial<NewRecord> = {}): NewRecord {
  return { topic, key: key === null ? null : Buffer.from(key), value: value === null ? null : Buffer.from(value), ...more }
}

/** `key=value`, what most tests compare. */
export function said ({ key, value }: { readonly key: Buffer | null, readonly value: Buffer | null }): string {
  return `${key}=${value}`
}

export function startsAt (...offsets: readonly number[]): ReadonlyMap<number, number> {
  return new Map(offsets.map((offset, partition) => [partition, offset]))
}

/** All that is in a topic now, partition by partition. */
export async function readAll (log: Log, topic: string): Promise<LogRecord[]> {
  const [starts, ends] = [await log.starts(topic), await log.ends(topic)]
  await using reader = log.read({ topic, from: startsAt(...starts), reader: unique('reader') })
  return await readTo(reader, starts, ends) // before the reader is closed
}

/** Reads until each partition has come to its end in `ends`. */
export async function readTo (reader: LogReader, from: readonly number[], ends: readonly number[]): Promise<LogRecord[]> {
  const next = [...from]
  const seen: LogRecord[][] = ends.map(() => [])
  while (next.some((offset, partition) => offset < ends[partition]!)) {
    const batch = await reader.poll()
    seen[batch.partition]!.push(...batch.records)
    next[batch.partition] = batch.next
  }
  return seen.flat()
}

/** Everything of a topic but what cleaning up needed. */
export async function saidIn (log: Log, topic: string): Promise<string[]> {
  return (await readAll(log, topic)).filter(({ key }) => key?.toString() !== FILLER).map(said)
}

/** Resolves when the signal aborts. */
export function aborted (signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** A promise and its ends. */
export function deferred<T = void> (): { readonly promise: Promise<T>, readonly resolve: (value: T) => void, readonly reject: (err: unknown) => void } {
  let resolve!: (value: T) => void
  let reject!: (err: unknown) => void
  const promise = new Promise<T>((_resolve, _reject) => {
    resolve = _resolve
    reject = _reject
  })
  return { promise, resolve, reject }
}

/** Joins, and hands the claims out as they come: each is held until its signal aborts. */
export async function joinHolding (log: Log, options: Omit<JoinOptions, 'run'>): Promise<{ readonly member: GroupMember, readonly claim: () => Promise<Claim> }> {
  const claims: Claim[] = []
  const asking: ((claim: Claim) => void)[] = []
  const member = await log.join({
    ...options,
    run: async claim => {
      const ask = asking.shift()
      if (ask) ask(claim)
      else claims.push(claim)
      await aborted(claim.signal)
    }
  })
  return {
    member,
    claim: () => {
      const claim = claims.shift()
      return claim ? Promise.resolve(claim) : new Promise(resolve => asking.push(resolve))
    }
  }
}

/** The next records of a claim or reader, until there are `count`; and the offset behind them. */
export async function pollCount (claim: Pick<Claim, 'poll'>, count: number): Promise<{ readonly records: LogRecord[], readonly next: number }> {
  const records: LogRecord[] = []
  let next = 0
  while (records.length < count) {
    const batch = await claim.poll({ records: count - records.length })
    records.push(...batch.records)
    next = batch.next
  }
  return { records, next }
}
