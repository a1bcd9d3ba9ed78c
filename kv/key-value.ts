/**
 * An ordered map of bytes to bytes on disk. Keys are ordered as unsigned bytes. One process owns a directory.
 *
 * What callers may rest on, and the suite in test/suites/key-value.ts holds every implementation to:
 * - a `write` happens whole or not at all, also when the process is killed in it;
 * - writes survive in order: when a later one has survived a crash, so have all before it;
 * - `iterate` sees the moment it was called, whatever is written meanwhile;
 * - what the disk has damaged comes as `HAMMINGBIRD_FORMAT` when it is read, and not as another value; of small rows that are
 *   iterated so nearly always;
 * - errors of the disk come as `HAMMINGBIRD_STORAGE`, use after `close` as `HAMMINGBIRD_NOT_OPEN`;
 * - a write that the disk refused may have happened: what there is of it shows once a later write has succeeded, or the
 *   map was opened again. All writes that were waiting behind it are refused too.
 */
export interface KeyValue extends AsyncDisposable {
  get (key: Uint8Array): Promise<Buffer | undefined>
  /** Values in the order of `keys`, `undefined` where there is none. */
  getMany (keys: readonly Uint8Array[]): Promise<(Buffer | undefined)[]>
  write (operations: readonly Operation[], options?: WriteOptions): Promise<void>
  /** Entries in key order (or its reverse), in runs of up to `runLength`: awaiting once a row would cost more than the row. */
  iterate (range: Range, options?: IterateOptions): AsyncIterable<readonly Entry[]>
  /** Deletes a range, in steps, so that nobody waits behind it. Not atomic: a crash may leave a part. */
  clear (range: Range): Promise<void>
  /** Gives the disk space of deleted entries back. */
  compact (range: Range): Promise<void>
  /** Bytes on disk of a range, roughly: what is still in memory does not count. */
  approximateBytes (range: Range): Promise<number>
  /** Finishes what is in hand. Calling it twice is fine. */
  close (): Promise<void>
}

export type Operation =
  | { readonly type: 'put', readonly key: Uint8Array, readonly value: Uint8Array }
  | { readonly type: 'del', readonly key: Uint8Array }

export interface Entry {
  readonly key: Buffer
  readonly value: Buffer
}

/** From `gte` on, up to but without `lt`. An open side is the end of the map. */
export interface Range {
  readonly gte?: Uint8Array
  readonly lt?: Uint8Array
}

export interface WriteOptions {
  /** Resolve only when the write has reached the disk itself, so that it survives a loss of power. @default false */
  readonly sync?: boolean
  /** Begin when this has resolved; when it rejects, write nothing and reject with the same. What can be got ready until then is. @default at once */
  readonly after?: Promise<void> | undefined
}

export interface IterateOptions {
  /** @default false */
  readonly reverse?: boolean
  /** Most entries in all. @default no limit */
  readonly limit?: number
  /** Most entries a run. @default 1000 */
  readonly runLength?: number
  /** `false` leaves values empty, which is faster. @default true */
  readonly values?: boolean
  /** Each value has a checksum of its own, which the caller looks at: that saves reading twice. @default false */
  readonly checksummed?: boolean
}

/** The range of all keys that begin with `prefix`. */
export function prefixRange (prefix: Uint8Array): Range {
  const lt = Buffer.from(prefix)
  for (let at = lt.length - 1; at >= 0; at--) {
    if (lt[at]! < 0xff) {
      lt[at]!++
      return { gte: prefix, lt: lt.subarray(0, at + 1) }
    }
  }
  return { gte: prefix } // nothing but 0xff: there is no key behind it
}
