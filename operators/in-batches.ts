import { Observable, type OperatorFunction } from 'rxjs'

export interface InBatchesOptions<T> {
  /** Most items in a batch: an integer of 1 or more. */
  readonly size: number
  /** Most batches worked at once: an integer of 1 or more. */
  readonly atOnce: number
  /** What an item weighs, in bytes. @default nothing */
  readonly weigh?: (item: T) => number
  /** Most bytes in a batch; one item always fits. @default no limit */
  readonly bytes?: number
}

/**
 * Works items in batches: a batch is what has gathered while the former ones were under way.
 *
 * There is no timer. On a quiet stream an item is a batch of its own and waits for nobody; under load batches grow to
 * `size` by themselves. That gives the best delay and the best rate with one rule.
 *
 * - Order: results leave in the order of their items, though batches may finish in another.
 * - Bound: none of its own; what gathers here is bounded by the source.
 * - Completion: after the last batch.
 * - Error: the source's or the work's, at once. Batches under way go on, unheard.
 *
 * @param work turns a batch into one result an item.
 * @throws RangeError at once, for a `size` or `atOnce` that is no positive integer.
 */
export function inBatches<T, R> (options: InBatchesOptions<T>, work: (batch: readonly T[]) => Promise<readonly R[]>): OperatorFunction<T, R> {
  const { size, atOnce, weigh = () => 0, bytes = Infinity } = options
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`size must be a positive integer, got ${size}`)
  if (!Number.isInteger(atOnce) || atOnce < 1) throw new RangeError(`atOnce must be a positive integer, got ${atOnce}`)

  return source => new Observable(downstream => {
    let waiting: T[] = []
    /** Batches begun, in order; each slot is filled when its batch is done, and leaves when it is first. */
    const begun: { results?: readonly R[] }[] = []
    let working = 0
    let completed = false
    let scheduled = false

    const take = (): readonly T[] => {
      let count = 1
      let weight = weigh(waiting[0]!)
      while (count < Math.min(size, waiting.length)) {
        weight += weigh(waiting[count]!)
        if (weight > bytes) break
        count++
      }
      const batch = waiting.slice(0, count)
      waiting = waiting.slice(count)
      return batch
    }

    const begin = (): void => {
      scheduled = false
      while (!downstream.closed && waiting.length > 0 && working < atOnce) {
        const slot: { results?: readonly R[] } = {}
        begun.push(slot)
        working++
        work(take()).then(results => {
          working--
          slot.results = results
          leave()
          begin()
        }).catch(err => { downstream.error(err) })
      }
    }

    const leave = (): void => {
      while (begun[0]?.results !== undefined) {
        for (const result of begun.shift()!.results!) downstream.next(result)
      }
      if (completed && waiting.length === 0 && begun.length === 0) downstream.complete()
    }

    downstream.add(source.subscribe({
      next: item => {
        waiting.push(item)
        // Items of one poll arrive in one turn of the event loop: beginning at its end lets them share a batch.
        if (!scheduled) {
          scheduled = true
          queueMicrotask(begin)
        }
      },
      error: err => { downstream.error(err) },
      complete: () => {
        completed = true
        leave()
      }
    }))
  })
}
