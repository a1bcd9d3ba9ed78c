import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { HammingbirdError } from '../errors.js'
import { preferOwnSymbols } from './own-symbols.js'

export interface Database { readonly brand: 'database' }
export interface Iterator { readonly brand: 'iterator' }
export interface Batch { readonly brand: 'batch' }

type Callback<T extends unknown[] = []> = (err: Error | null, ...results: T) => void

interface RangeOptions {
  readonly gte?: Uint8Array
  readonly lt?: Uint8Array
}

/**
 * The few functions of rocksdb 5.2.1's native library that kv/rocks.ts calls; the package has no types.
 *
 * Read in its binding.cc: a database used before `db_open` or after `db_close` began is a crash of the process, not an
 * error; keys and values are copied before a call returns; `db_close` waits for reads and writes in hand and ends
 * iterators; after the end of an iterator by `db_close`, the callback of `iterator_end` never comes.
 */
export interface RocksBinding {
  db_init (): Database
  /** Sizes are bytes, up to 2^32 - 1. */
  db_open (database: Database, directory: string, options: { cacheSize?: number, writeBufferSize?: number, readOnly?: boolean }, callback: Callback): void
  db_close (database: Database, callback: Callback): void
  /** An unknown key is the error `NotFound: `. */
  db_get (database: Database, key: Uint8Array, options: object, callback: Callback<[Buffer]>): void
  /** Skips empty keys, so that values no longer lie beside their keys. */
  db_get_many (database: Database, keys: readonly Uint8Array[], options: object, callback: Callback<[(Buffer | undefined)[]]>): void
  db_clear (database: Database, options: RangeOptions & { limit?: number }, callback: Callback): void
  /** Aborts the process when `end` lies before `start`. */
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

let loaded: RocksBinding | undefined

/**
 * The native library, loaded at the first call.
 *
 * It was built with an older C++ ABI than Node is today, and both contain `std::regex`. On Linux a library takes such
 * symbols from the program when the program has them, so from Node 22 on rocksdb as it is calls into Node's, and the
 * process dies in `std::bad_alloc` before it has loaded. So what is loaded there is a copy that prefers its own symbols
 * (docs/decisions/0004-rocksdb-loads-as-a-copy.md). The copy is gone from the disk as soon as it is loaded.
 */
export function rocksBinding (): RocksBinding {
  return loaded ??= load()
}

function load (): RocksBinding {
  const manifest = createRequire(import.meta.url).resolve('rocksdb/package.json')
  const nodeGypBuild = createRequire(manifest)('node-gyp-build') as { path (directory: string): string }
  const path = nodeGypBuild.path(dirname(manifest))
  const glibc = process.platform === 'linux' && !path.includes('musl')
  return glibc ? loadCopy(path) : open(path)
}

function loadCopy (path: string): RocksBinding {
  const library = readFileSync(path)
  preferOwnSymbols(library)
  const directory = mkdtempSync(join(tmpdir(), 'hammingbird-rocksdb-')) // nobody else can put a file there
  try {
    const copy = join(directory, 'rocksdb.node')
    writeFileSync(copy, library)
    return open(copy)
  } catch (cause) {
    throw new HammingbirdError('HAMMINGBIRD_STORAGE', `rocksdb could not be loaded from ${tmpdir()}: set TMPDIR to a directory that may be written and holds programs (not mounted noexec)`, { cause })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function open (path: string): RocksBinding {
  const module = { exports: {} }
  process.dlopen(module, path)
  return module.exports as RocksBinding
}
