import { Observable } from 'rxjs'
import type { Envelope } from './envelope.js'

/** A run of messages, and where to go on when all of them are settled. */
export interface Polled<T> {
  readonly records: readonly T[]
}

export interface LendOptions<T> {
  /** The next messages: at least one, or none when only the position moved. Waits until there are some. */
  readonly poll: (limits: { readonly records: number, readonly bytes: number }) => Promise<Polled<T>>
  /** What a message weighs, in bytes. */
  readonly weigh: (record: T) => number
  /** Most messages lent at once: an integer of 1 or more. */
  readonly records: number
  /** No further message is lent at this many bytes: the last one lent may go past it. */
  readonly bytes: number
  /** Once it aborts nothing more is lent, and the stream completes when all that was lent is settled. @default never */
  readonly drain?: AbortSignal
}

/**
 * The source of every graph: lends out messages, and lends the next when one is settled.
 *
 * RxJS has no back-pressure, so the bound stands here: never more than `records` messages and (but for one message)
 * `bytes` bytes are on their way through the graph, whatever the graph does with them. Memory, commits and shutdown
 * follow from that one rule.
 *
 * - Order: as polled.
 * - Completion: when draining, with the last message settled; else never.
 * - Error: `poll`'s, at once. What is lent then is not settled any more.
 */
export function lend<T> ({ poll, weigh, records, bytes, drain }: LendOptions<T>): Observable<Envelope<T>> {
  if (!Number.isInteger(records) || records < 1) throw new RangeError(`records must be a positive integer, got ${records}`)

  return new Observable(downstream => {
    let lentRecords = 0
    let lentBytes = 0
    let polling = false

    const envelope = (value: T): Envelope<T> => {
      const weight = weigh(value)
      let settled = false
      lentRecords++
      lentBytes += weight
      return {
        value,
        settle: () => {
          if (settled) throw new TypeError('a message was settled twice')
          settled = true
          lentRecords--
          lentBytes -= weight
          lendMore()
        }
      }
    }

    const lendMore = (): void => {
      if (drain?.aborted === true) {
        if (lentRecords === 0) downstream.complete()
        return
      }
      const room = { records: records - lentRecords, bytes: bytes - lentBytes }
      // Asking for one message at a time would cost a poll a message: wait until a quarter of the room is free.
      const wanted = lentRecords === 0 || (room.records >= records / 4 && room.bytes >= bytes / 4)
      if (polling || !wanted || downstream.closed) return
      polling = true
      poll(room).then(polled => {
        polling = false
        if (drain?.aborted === true) return // not lent: they are read again
        // All are counted before the first leaves: one that is settled at once must not make room that is not there.
        for (const lent of polled.records.map(envelope)) downstream.next(lent)
        lendMore()
      }).catch(err => { downstream.error(err) })
    }

    drain?.addEventListener('abort', lendMore)
    downstream.add(() => drain?.removeEventListener('abort', lendMore))
    lendMore()
  })
}
