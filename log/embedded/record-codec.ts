import { crc32 } from 'node:zlib'
import { HammingbirdError } from '../../errors.js'
import type { Headers, LogRecord, NewRecord } from '../log.js'

/**
 * A record as it is stored. What a flag says is missing takes no bytes.
 *
 *     0      flags: 1 it has a key, 2 it has a value, 4 it has headers, 8 it has a checksum
 *     1-8    Unix time in ms, f64
 *     then   key: length u32, bytes
 *     then   headers: count u16; of each: name length u16, name UTF-8, value length u32, value
 *     then   the value, up to the checksum or the end
 *     last   CRC-32 of all before it, u32
 *
 * Numbers are big-endian. RocksDB's own checksums are not looked at by the iterators of its binding: a damaged block would be handed
 * out as it is. Records of before there was a checksum are read without.
 */
const KEY = 1
const VALUE = 2
const HEADERS = 4
const CHECKSUM = 8
const CHECKSUM_BYTES = 4
const MOST_HEADERS = 2 ** 16 - 1

const noHeaders: Headers = Object.freeze({})

/**
 * Bytes of value, key and headers, what a topic's limit counts.
 *
 * @throws RangeError for more headers, or a longer name, than can be written.
 */
export function recordBytes ({ key, value, headers }: NewRecord): number {
  let bytes = (key?.length ?? 0) + (value?.length ?? 0)
  if (headers === undefined) return bytes
  const entries = Object.entries(headers)
  if (entries.length > MOST_HEADERS) throw new RangeError(`a record has at most ${MOST_HEADERS} headers, got ${entries.length}`)
  for (const [name, { length }] of entries) {
    const nameBytes = Buffer.byteLength(name)
    if (nameBytes > MOST_HEADERS) throw new RangeError(`a header's name has at most ${MOST_HEADERS} bytes, got ${nameBytes}`)
    bytes += nameBytes + length
  }
  return bytes
}

/** @param bytes what `recordBytes` said of the record. */
export function encodeRecord (record: NewRecord, bytes: number, timestampMs: number): Buffer {
  const { key, value, headers = noHeaders } = record
  const names = Object.keys(headers)
  const encoded = Buffer.allocUnsafe(9 + bytes + (key ? 4 : 0) + (names.length > 0 ? 2 + 6 * names.length : 0) + CHECKSUM_BYTES)
  encoded[0] = (key ? KEY : 0) | (value ? VALUE : 0) | (names.length > 0 ? HEADERS : 0) | CHECKSUM
  let at = encoded.writeDoubleBE(timestampMs, 1)
  if (key) {
    at = encoded.writeUInt32BE(key.length, at)
    encoded.set(key, at)
    at += key.length
  }
  if (names.length > 0) at = encoded.writeUInt16BE(names.length, at)
  for (const name of names) {
    const header = headers[name]!
    const nameBytes = encoded.write(name, at + 2)
    encoded.writeUInt16BE(nameBytes, at)
    at = encoded.writeUInt32BE(header.length, at + 2 + nameBytes)
    encoded.set(header, at)
    at += header.length
  }
  if (value) encoded.set(value, at)
  const end = encoded.length - CHECKSUM_BYTES
  encoded.writeUInt32BE(crc32(encoded.subarray(0, end)), end)
  return encoded
}

/**
 * The parts of a record lie in the bytes given: nothing is copied.
 *
 * @throws HammingbirdError `HAMMINGBIRD_STORAGE` for one that is not as it was written.
 */
export function decodeRecord (stored: Buffer, topic: string, partition: number, offset: number): LogRecord {
  const encoded = checked(stored, () => `${topic} partition ${partition} offset ${offset}`)
  const flags = encoded[0]!
  const timestampMs = encoded.readDoubleBE(1)
  let at = 9
  let key: Buffer | null = null
  if (flags & KEY) {
    const end = at + 4 + encoded.readUInt32BE(at)
    key = encoded.subarray(at + 4, end)
    at = end
  }
  let headers = noHeaders
  if (flags & HEADERS) {
    const pairs: [string, Buffer][] = []
    let left = encoded.readUInt16BE(at)
    for (at += 2; left > 0; left--) {
      const nameEnd = at + 2 + encoded.readUInt16BE(at)
      const end = nameEnd + 4 + encoded.readUInt32BE(nameEnd)
      pairs.push([encoded.toString('utf8', at + 2, nameEnd), encoded.subarray(nameEnd + 4, end)])
      at = end
    }
    headers = Object.fromEntries(pairs) // and no assignment: a header may be named __proto__
  }
  return { topic, partition, offset, key, value: flags & VALUE ? encoded.subarray(at) : null, headers, timestampMs }
}

/** A record without its checksum. */
function checked (stored: Buffer, what: () => string): Buffer {
  if (!(stored[0]! & CHECKSUM)) return stored
  const end = stored.length - CHECKSUM_BYTES
  const body = stored.subarray(0, Math.max(0, end))
  if (end < 9 || crc32(body) !== stored.readUInt32BE(end)) {
    throw new HammingbirdError('HAMMINGBIRD_STORAGE', `${what()} is damaged on the disk: it is not what was written. Look after the disk, then restore the last snapshot into a new data directory`)
  }
  return body
}
