import { mkdir } from 'node:fs/promises'
import { HammingbirdError } from '../errors.js'
import type { Entry, IterateOptions, KeyValue, Operation, Range, WriteOptions } from './key-value.js'
import { rocksBinding, type Batch, type Database, type Iterator } from './rocks-binding.js'
import { rocksError } from './rocks-error.js'
import { WriteQueue } from './write-queue.js'

export interface RocksOptions {
  /** Where the files lie: made when it is not there. */
  readonly directory: string
  /** Memory for blocks that were read: 1 to 2^32 - 1 bytes. @default 32 MiB */
  readonly cacheBytes?: number
  /** Memory for writes before they are sorted into files; there may be two of them. 1 to 2^32 - 1 bytes. @default 16 MiB */
  readonly writeBufferBytes?: number
}

/** Most bytes of a run, but for its last entry: it bounds what iterating holds where values are pictures. */
const RUN_BYTES = 256 * 1024
/** Keys deleted in one step of `clear`: some 50 ms on a thread of the pool. */
const CLEAR_STEP = 50_000
/** A block is some 4 KiB: of so many bytes that an iterator gave one row is looked up. */
const CHECK_EVERY_BYTES = 1024
/** What a value counts for that was not read. */
const UNREAD_BYTES = 64
const MEND_EVERY_MS = 1000

/**
 * An ordered map in a RocksDB directory.
 *
 * The native binding is called without the package's JavaScript on top of it, which hands rows out one a tick. Writes
 * pass a queue of one, which gathers them (write-queue.ts). The binding never frees what it took for an empty value, some
 * 20 bytes a write: where there are very many, let each hold a byte.
 *
 * RocksDB holds each block of a file to its checksum when a key is looked up. The binding's iterators do not, and there is no way to
 * ask them to: they would give damaged rows as if nothing was. So of what they gave rows are looked up before it is handed on,
 * close enough together to meet every block of one file, and each row that is large (docs/decisions/0024-iterated-rows-are-looked-up.md).
 *
 * A failed write may have left half a record in RocksDB's log, and recovery would stop there and lose what was written
 * behind it. So after a failure nothing is written before the directory has been opened anew, which cuts the log clean;
 * while that fails (the disk is still full) it is open for reading, and each second one write may try again.
 * Iterations under way when it is opened anew end with `HAMMINGBIRD_STORAGE`.
 */
export class RocksKeyValue implements KeyValue {
  readonly #options: Required<RocksOptions>
  readonly #binding = rocksBinding()
  readonly #database: Database = this.#binding.db_init()
  readonly #writes: WriteQueue<Batch>
  /** What made writing stop, until the directory has been opened anew. */
  #fault: HammingbirdError | undefined
  /** Whether the native side is open, if only for reading: calling it otherwise would crash the process. */
  #native = false
  #mending: Promise<void> | undefined
  #mendAgainAtMs = 0
  #closing: Promise<void> | undefined

  /** @throws HammingbirdError `HAMMINGBIRD_LOCKED` when another process, or this one, has the directory open. */
  static async open (options: RocksOptions): Promise<RocksKeyValue> {
    const { directory, cacheBytes = 32 * 2 ** 20, writeBufferBytes = 16 * 2 ** 20 } = options
    assertBytes('cacheBytes', cacheBytes)
    assertBytes('writeBufferBytes', writeBufferBytes)
    const opened = new RocksKeyValue({ directory, cacheBytes, writeBufferBytes })
    try {
      await mkdir(directory, { recursive: true })
      await opened.#openNative(false)
    } catch (err) {
      throw rocksError(err, directory)
    }
    return opened
  }

  private constructor (options: Required<RocksOptions>) {
    this.#options = options
    this.#writes = new WriteQueue({
      begin: () => this.#binding.batch_init(this.#database),
      commit: (batch, sync) => this.#commit(batch, sync)
    })
  }

  async get (key: Uint8Array): Promise<Buffer | undefined> {
    assertKey(key)
    try {
      return await this.#call<Buffer>(done => this.#binding.db_get(this.#database, key, {}, done))
    } catch (err) {
      if (err instanceof HammingbirdError && err.cause instanceof Error && err.cause.message.startsWith('NotFound')) return undefined
      throw err
    }
  }

  async getMany (keys: readonly Uint8Array[]): Promise<(Buffer | undefined)[]> {
    keys.forEach(assertKey)
    return this.#call(done => this.#binding.db_get_many(this.#database, keys, {}, done))
  }

  async write (operations: readonly Operation[], { sync = false, after }: WriteOptions = {}): Promise<void> {
    this.#assertOpen()
    let bytes = 0
    for (const operation of operations) {
      assertKey(operation.key)
      bytes += operation.key.length + (operation.type === 'put' ? operation.value.length : 0)
    }
    if (operations.length === 0) return after
    const fill = (batch: Batch): void => {
      for (const operation of operations) {
        if (operation.type === 'put') this.#binding.batch_put(batch, operation.key, operation.value)
        else this.#binding.batch_del(batch, operation.key)
      }
    }
    if (after === undefined) return this.#writes.write(fill, bytes, sync)
    const batch = this.#binding.batch_init(this.#database)
    fill(batch)
    await after
    this.#assertOpen()
    return this.#writes.add(batch, bytes, sync)
  }

  iterate (range: Range, options: IterateOptions = {}): AsyncIterable<readonly Entry[]> {
    this.#assertOpen()
    const begin = () => this.#binding.iterator_init(this.#database, {
      ...range,
      reverse: options.reverse ?? false,
      limit: Math.min(options.limit ?? -1, 2 ** 31 - 1),
      keys: true,
      values: options.values ?? true,
      keyAsBuffer: true,
      valueAsBuffer: true,
      highWaterMark: RUN_BYTES
    })
    const iterator = this.#native && !this.#mending ? begin() : undefined // now, not at the first run: it sees this moment
    return this.#runs(iterator, begin, options)
  }

  async clear (range: Range): Promise<void> {
    for (let from: Range | undefined = range; from !== undefined;) {
      await this.#clearStep(from)
      const rest = this.iterate(from, { limit: 1, values: false })
      from = undefined
      for await (const [entry] of rest) from = { ...range, gte: entry!.key } // beyond what is gone: it is not walked again
    }
  }

  async compact (range: Range): Promise<void> {
    const { gte, lt } = await this.#closed(range)
    if (Buffer.compare(gte, lt) < 0) await this.#call(done => this.#binding.db_compact_range(this.#database, gte, lt, done))
  }

  async approximateBytes (range: Range): Promise<number> {
    const { gte, lt } = await this.#closed(range)
    if (Buffer.compare(gte, lt) >= 0) return 0 // RocksDB would abort the process
    return this.#call(done => this.#binding.db_approximate_size(this.#database, gte, lt, done))
  }

  close (): Promise<void> {
    return this.#closing ??= this.#close()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  async #close (): Promise<void> {
    await this.#writes.idle()
    await this.#mending?.catch(() => {})
    await this.#closeNative()
  }

  /** Both sides of a range: the end of the map is just behind its last key. */
  async #closed ({ gte = Buffer.alloc(0), lt }: Range): Promise<Required<Range>> {
    if (lt !== undefined) return { gte, lt }
    for await (const [last] of this.iterate({}, { reverse: true, limit: 1, values: false })) return { gte, lt: Buffer.concat([last!.key, Buffer.alloc(1)]) }
    return { gte, lt: gte }
  }

  async * #runs (iterator: Iterator | undefined, begin: () => Iterator, { runLength = 1000, checksummed = false }: IterateOptions): AsyncGenerator<readonly Entry[]> {
    const next = () => this.#call<{ cells: Buffer[], end: boolean }>(done => {
      this.#binding.iterator_next(iterator ??= begin(), (err, cells, end) => done(err, { cells, end }))
    })
    try {
      let run: Entry[] = []
      for (let calls = 1; ; calls++) {
        const { cells, end } = await next()
        for (let at = cells.length - 1; at > 0; at -= 2) run.push({ key: cells[at]!, value: cells[at - 1]! })
        if (calls === 1 && !end && runLength > 1) continue // the first call gives one entry, whatever there is
        if (!checksummed) await this.#assertWhole(run)
        for (let at = 0; at < run.length; at += runLength) yield run.length <= runLength ? run : run.slice(at, at + runLength)
        if (end) return
        run = []
      }
    } finally {
      if (iterator !== undefined && this.#native) this.#binding.iterator_end(iterator, () => {})
    }
  }

  /** @throws HammingbirdError `HAMMINGBIRD_FORMAT` where the rows come from a damaged block. */
  async #assertWhole (run: readonly Entry[]): Promise<void> {
    const keys: Buffer[] = []
    let bytes = 0
    for (const [at, { key, value }] of run.entries()) {
      bytes += key.length + (value.length || UNREAD_BYTES)
      if (bytes < CHECK_EVERY_BYTES && at < run.length - 1) continue
      keys.push(key)
      bytes = 0
    }
    // What they are now is not compared: they may have been written anew since the moment that is iterated.
    if (keys.length > 0) await this.#call<unknown>(done => this.#binding.db_get_many(this.#database, keys, { fillCache: false }, done))
  }

  async #clearStep (range: Range): Promise<void> {
    if (this.#fault) await this.#mend()
    try {
      await this.#call(done => this.#binding.db_clear(this.#database, { ...range, limit: CLEAR_STEP }, done))
    } catch (err) {
      throw this.#failed(err)
    }
  }

  async #commit (batch: Batch, sync: boolean): Promise<void> {
    if (this.#fault) await this.#mend()
    try {
      await promised(done => this.#binding.batch_write(batch, { sync }, done))
    } catch (err) {
      throw this.#failed(err)
    }
  }

  /** A write failed: from here on see `#mend`. */
  #failed (err: unknown): HammingbirdError {
    const fault = rocksError(err, this.#options.directory)
    if (fault.code !== 'HAMMINGBIRD_NOT_OPEN') this.#fault = fault
    return fault
  }

  /** Opens the directory anew, or for reading when that fails. */
  #mend (): Promise<void> {
    return this.#mending ??= this.#reopen().finally(() => { this.#mending = undefined })
  }

  async #reopen (): Promise<void> {
    if (performance.now() < this.#mendAgainAtMs) throw this.#fault!
    await this.#closeNative()
    try {
      await this.#openNative(false)
      this.#fault = undefined
    } catch (err) {
      this.#fault = rocksError(err, this.#options.directory)
      await this.#openNative(true).catch(() => {})
      this.#mendAgainAtMs = performance.now() + MEND_EVERY_MS
      throw this.#fault
    }
  }

  async #openNative (readOnly: boolean): Promise<void> {
    const { directory, cacheBytes, writeBufferBytes } = this.#options
    await promised(done => this.#binding.db_open(this.#database, directory, { cacheSize: cacheBytes, writeBufferSize: writeBufferBytes, readOnly }, done))
    this.#native = true
  }

  async #closeNative (): Promise<void> {
    if (!this.#native) return
    this.#native = false // first: nothing may be called from here on
    await promised(done => this.#binding.db_close(this.#database, done))
  }

  /** A call that reads: never while the native side is shut. */
  async #call<T = void> (start: (done: (err: Error | null, result?: T) => void) => void): Promise<T> {
    this.#assertOpen()
    if (!this.#native || this.#mending) await this.#mend().catch(err => { if (!this.#native) throw err })
    this.#assertOpen()
    try {
      return await promised(start)
    } catch (err) {
      throw rocksError(err, this.#options.directory)
    }
  }

  #assertOpen (): void {
    if (this.#closing) throw new HammingbirdError('HAMMINGBIRD_NOT_OPEN', `${this.#options.directory} is closed`)
  }
}

function promised<T = void> (start: (done: (err: Error | null, result?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => start((err, result) => { if (err) reject(err); else resolve(result as T) }))
}

function assertKey (key: Uint8Array): void {
  if (key.length === 0) throw new TypeError('a key is one byte or more')
}

function assertBytes (name: string, bytes: number): void {
  if (!Number.isInteger(bytes) || bytes < 1 || bytes > 2 ** 32 - 1) throw new RangeError(`${name} must be an integer from 1 to 2^32 - 1, got ${bytes}`)
}
