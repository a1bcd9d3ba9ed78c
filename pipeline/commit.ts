import { setTimeout as sleep } from 'node:timers/promises'
import { Observable, type OperatorFunction } from 'rxjs'
import type { Claim, LogRecord, NewRecord } from '../log/log.js'
import type { Envelope } from '../operators/envelope.js'
import { inBatches } from '../operators/in-batches.js'

/** A message, and all that came of it. */
export interface Written {
  readonly record: LogRecord
  readonly outputs: readonly NewRecord[]
}

/** Most messages in one transaction: it bounds what a crash repeats, and what a reader waits for. */
const MOST_MESSAGES = 1000
/** Kafka takes a transaction of any size, but holds its readers back until it ends. */
const MOST_BYTES = 8 * 1024 * 1024

/**
 * Writes what came of messages, in their order, and then settles them: one transaction at a time, each with all that
 * has gathered since the former one, and `claim.restMs` after it. One that comes to a
 * partition at rest is written at once. Emits how many messages each settled.
 *
 * @param closing records to end a transaction with, made from the last message in it.
 */
export function commit (claim: Pick<Claim, 'commit' | 'restMs' | 'signal'>, closing: (last: LogRecord) => readonly NewRecord[]): OperatorFunction<Envelope<Written>, number> {
  const write = async (batch: readonly Envelope<Written>[]): Promise<readonly number[]> => {
    const last = batch.at(-1)!.value.record
    const outputs = batch.flatMap(({ value }) => value.outputs)
    await claim.commit([...outputs, ...closing(last)], last.offset + 1)
    for (const { settle } of batch) settle()
    if (claim.restMs > 0) await sleep(claim.restMs, undefined, { signal: claim.signal }).catch(() => undefined) // cut short by its loss
    return batch.map((_, i) => i === 0 ? batch.length : 0)
  }
  const weigh = ({ value }: Envelope<Written>): number => value.outputs.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
  return source => new Observable<number>(downstream =>
    source.pipe(inBatches({ size: MOST_MESSAGES, atOnce: 1, bytes: MOST_BYTES, weigh }, write)).subscribe({
      next: count => { if (count > 0) downstream.next(count) },
      error: err => { downstream.error(err) },
      complete: () => { downstream.complete() }
    }))
}
