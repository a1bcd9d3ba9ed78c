/**
 * What the cleaner must know of a record, kept beside it so that it need not read pictures to find keys:
 *
 *     0-7   when it was written, Unix time in ms, f64
 *     8     1 for a tombstone
 *     9-    the key
 */
export interface Dirty {
  readonly writtenAtMs: number
  readonly tombstone: boolean
  readonly key: Buffer
}

export function encodeDirty ({ writtenAtMs, tombstone, key }: Dirty): Buffer {
  const encoded = Buffer.allocUnsafe(9 + key.length)
  encoded.writeDoubleBE(writtenAtMs, 0)
  encoded[8] = tombstone ? 1 : 0
  encoded.set(key, 9)
  return encoded
}

export function decodeDirty (encoded: Buffer): Dirty {
  return { writtenAtMs: encoded.readDoubleBE(0), tombstone: encoded[8] === 1, key: encoded.subarray(9) }
}
