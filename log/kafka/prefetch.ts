import type { LogRecord, PollLimits } from '../log.js'
import { weightOf } from './records.js'

/** Fetched and not yet polled: past this, a partition is fetched from no more. One fetch may go past it. */
const MOST_BYTES = 8 * 1024 * 1024

interface Run {
  readonly records: readonly LogRecord[]
  readonly next: number
}

/** What was fetched of one partition and waits to be polled. */
export class Prefetch {
  #runs: Run[] = []
  /** How many records of the first run are gone. */
  #at = 0
  #bytes = 0
  #next: number

  /** @param next where it begins. */
  constructor (next: number) {
    this.#next = next
  }

  /** Where the next fetch is to begin. */
  get next (): number {
    return this.#next
  }

  /** Goes on at the first record still there. */
  skipTo (start: number): void {
    this.#next = Math.max(this.#next, start)
  }

  get full (): boolean {
    return this.#bytes >= MOST_BYTES
  }

  /**
   * Takes in what a fetch brought. What was there already is dropped.
   *
   * @returns whether it went on from where the former one ended.
   */
  push (records: readonly LogRecord[], next: number): boolean {
    if (next <= this.#next) return false
    const fresh = records.filter(({ offset }) => offset >= this.#next)
    for (const record of fresh) this.#bytes += weightOf(record)
    this.#runs.push({ records: fresh, next })
    this.#next = next
    return true
  }

  /** The next records within the limits, and at least one; `undefined` when there is nothing. */
  take ({ records: most, bytes }: Required<PollLimits>): Run | undefined {
    if (this.#runs.length === 0) return undefined
    const records: LogRecord[] = []
    let next = 0
    let weight = 0
    for (let run = this.#runs[0]; run !== undefined; run = this.#runs[0]) {
      const record = run.records[this.#at]
      if (record === undefined) {
        next = run.next
        this.#runs.shift()
        this.#at = 0
        continue
      }
      const size = (record.key?.length ?? 0) + (record.value?.length ?? 0)
      if (records.length === most || (records.length > 0 && weight + size > bytes)) break
      records.push(record)
      weight += size
      next = record.offset + 1
      this.#bytes -= weightOf(record)
      this.#at++
    }
    return { records, next }
  }
}

/** Fills in the defaults. @throws RangeError */
export function limitsOf ({ records = 500, bytes = 4 * 1024 * 1024 }: PollLimits): Required<PollLimits> {
  if (!Number.isInteger(records) || records < 1) throw new RangeError(`records must be an integer of 1 or more, got ${records}`)
  if (!(bytes >= 1)) throw new RangeError(`bytes must be 1 or more, got ${bytes}`)
  return { records, bytes }
}
