/**
 * The few functions of rocksdb 5.2.1's native binding that kv/rocks.ts calls; the package has no types.
 *
 * Read in its binding.cc: a database used before `db_open` or after `db_close` began is a crash of the process, not an
 * error; keys and values are copied before a call returns; `db_close` waits for reads and writes in hand and ends
 * iterators; after the end of an iterator by `db_close`, the callback of `iterator_end` never comes.
 */
declare module 'rocksdb/binding.js' {
  export interface Database { readonly brand: 'database' }
  export interface Iterator { readonly brand: 'iterator' }
  export interface Batch { readonly brand: 'batch' }

  type Callback<T extends unknown[] = []> = (err: Error | null, ...results: T) => void

  interface RangeOptions {
    gte?: Uint8Array
    lt?: Uint8Array
  }

  interface Binding {
    db_init (): Database
    /** Sizes are bytes, up to 2^32 - 1. */
    db_open (database: Database, directory: string, options: { cacheSize?: number, writeBufferSize?: number, readOnly?: boolean }, callback: Callback): void
    db_close (database: Database, callback: Callback): void
    /** An unknown key is the error `NotFound: `. */
    db_get (database: Database, key: Uint8Array, options: object, callback: Callback<[Buffer]>): void
    /** Skips empty keys, so that values no longer lie beside their keys. */
    db_get_many (database: Database, keys: readonly Uint8Array[], options: object, callback: Callback<[(Buffer | undefined)[]]>): void
    db_clear (database: Database, options: RangeOptions & { limit?: number }, callback: Callback): void
    db_approximate_size (database: Database, start: Uint8Array, end: Uint8Array, callback: Callback<[number]>): void
    db_compact_range (database: Database, start: Uint8Array, end: Uint8Array, callback: Callback): void

    /** Sees the moment of this call. An empty bound is none. */
    iterator_init (database: Database, options: RangeOptions & {
      reverse: boolean
      limit: number
      keys: boolean
      values: boolean
      keyAsBuffer: boolean
      valueAsBuffer: boolean
      highWaterMark: number
    }): Iterator
    /** Gives `[value, key, value, key, …]`, the last entry first: one entry the first time, then up to 1000 or `highWaterMark` bytes. */
    iterator_next (iterator: Iterator, callback: Callback<[Buffer[], boolean]>): void
    iterator_end (iterator: Iterator, callback: Callback): void

    batch_init (database: Database): Batch
    batch_put (batch: Batch, key: Uint8Array, value: Uint8Array): void
    batch_del (batch: Batch, key: Uint8Array): void
    batch_write (batch: Batch, options: { sync: boolean }, callback: Callback): void
  }

  const binding: Binding
  export default binding
}
