import { HammingbirdError } from '../../errors.js'
import type { KeyValue } from '../../kv/key-value.js'
import type { LogBatch, LogRecord, PollLimits } from '../log.js'
import { offsetOf, offsetRange } from './keys.js'
import type { Partition } from './partition.js'
import { decodeRecord } from './record-codec.js'
import type { Topic, Topics } from './topics.js'

export interface CursorOptions {
  readonly kv: KeyValue
  readonly topics: Topics
  readonly topic: string
  readonly from: ReadonlyMap<number, number>
  /** Ends each poll with its reason. */
  readonly ended: AbortSignal
}

/** Positions in some partitions of a topic, and the waiting for what comes there. */
export class Cursor {
  readonly #options: CursorOptions
  /** In the order of their turns: who was served goes to the back. */
  readonly #positions: Map<number, number>
  #polling = false

  constructor (options: CursorOptions) {
    this.#options = options
    this.#positions = new Map(options.from)
  }

  /** See `LogReader.poll`. A poll that rejects has moved nothing. */
  async poll ({ records = 500, bytes = 4 * 2 ** 20 }: PollLimits = {}, signal?: AbortSignal): Promise<LogBatch> {
    if (!Number.isInteger(records) || records < 1) throw new RangeError(`records must be an integer of 1 or more, got ${records}`)
    if (this.#polling) throw new TypeError('a poll is under way: one at a time')
    this.#polling = true
    try {
      for (;;) {
        this.#throwIfEnded(signal)
        const ready = this.#firstReady()
        if (ready) {
          const batch = await this.#fetch(ready.topic, ready.partition, ready.position, records, bytes)
          this.#throwIfEnded(signal)
          this.#positions.delete(batch.partition)
          this.#positions.set(batch.partition, batch.next)
          return batch
        }
        await this.#change(signal)
      }
    } finally {
      this.#polling = false
    }
  }

  #throwIfEnded (signal: AbortSignal | undefined): void {
    this.#options.ended.throwIfAborted()
    signal?.throwIfAborted()
  }

  #partitions (): [topic: Topic, partitions: readonly Partition[]] {
    const topic = this.#options.topics.get(this.#options.topic)
    return [topic, [...this.#positions.keys()].map(number => {
      const partition = topic.partitions[number]
      if (!partition) throw new RangeError(`topic ${topic.name} has partitions 0 to ${topic.partitions.length - 1}, not ${number}`)
      return partition
    })]
  }

  #firstReady (): { topic: Topic, partition: Partition, position: number } | undefined {
    const [topic, partitions] = this.#partitions()
    for (const partition of partitions) {
      const position = this.#positions.get(partition.number)!
      if (position > partition.end) {
        throw new HammingbirdError('HAMMINGBIRD_LOG_TRUNCATED', `position ${position} lies past the end of topic ${topic.name}, partition ${partition.number} (${partition.end}): the topic was made anew`)
      }
      if (position < partition.end) return { topic, partition, position }
    }
    return undefined
  }

  async #fetch (topic: Topic, partition: Partition, position: number, mostRecords: number, mostBytes: number): Promise<LogBatch> {
    const { end } = partition
    const from = Math.min(Math.max(position, partition.start), end)
    const batch = (records: readonly LogRecord[], next: number): LogBatch => ({ topic: topic.name, partition: partition.number, records, next })
    const records: LogRecord[] = []
    let bytes = 0
    for await (const run of this.#options.kv.iterate(offsetRange('r', partition, from, end), { limit: mostRecords, checksummed: true })) {
      for (const { key, value } of run) {
        bytes += value.length
        if (bytes > mostBytes && records.length > 0) return batch(records, records.at(-1)!.offset + 1)
        records.push(decodeRecord(value, topic.name, partition.number, offsetOf(key)))
      }
    }
    return batch(records, records.length < mostRecords ? end : records.at(-1)!.offset + 1)
  }

  /** Waits for something to change: a record, the end of a topic, an abort. */
  async #change (signal: AbortSignal | undefined): Promise<void> {
    const [, partitions] = this.#partitions()
    const signals = signal ? [this.#options.ended, signal] : [this.#options.ended]
    let cancel: (() => void)[] = []
    await new Promise<void>(resolve => {
      const changed = () => resolve()
      cancel = partitions.map(partition => partition.onChange(changed))
      for (const signal of signals) signal.addEventListener('abort', changed, { once: true })
      cancel.push(() => { for (const signal of signals) signal.removeEventListener('abort', changed) })
    })
    for (const undo of cancel) undo()
  }
}
