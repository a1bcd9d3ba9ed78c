import { HammingbirdError } from '../../errors.js'
import type { LogBatch, LogReader, PollLimits } from '../log.js'
import { Cursor, type CursorOptions } from './cursor.js'

/** Reads with positions of its own. It holds nothing between polls. */
export class EmbeddedReader implements LogReader {
  readonly #ended = new AbortController()
  readonly #cursor: Cursor
  readonly #onClose: (reader: EmbeddedReader) => void

  constructor (options: Omit<CursorOptions, 'ended'>, onClose: (reader: EmbeddedReader) => void) {
    this.#cursor = new Cursor({ ...options, ended: this.#ended.signal })
    this.#onClose = onClose
  }

  poll (limits?: PollLimits, signal?: AbortSignal): Promise<LogBatch> {
    return this.#cursor.poll(limits, signal)
  }

  async close (): Promise<void> {
    if (this.#ended.signal.aborted) return
    this.#ended.abort(new HammingbirdError('HAMMINGBIRD_NOT_OPEN', 'the reader is closed'))
    this.#onClose(this)
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }
}
