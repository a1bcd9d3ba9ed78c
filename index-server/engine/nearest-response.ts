import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { Rank, SearchBatchResponse, SearchResponse, type Hit, type Plan, type SearchStats } from '../../proto/gen/hammingbird/v1/search.js'
import type { NearestImages } from '../search/nearest-images.js'
import { planMessage } from './items.js'

const TAG = { hits: 10, distance: 16, score: 25, response: 18 } as const

/** What an answer says beside what was found. */
export interface SearchedUnder {
  readonly version: string
  readonly bits: number
  /** Codes the version has. */
  readonly codes: number
  readonly searchMs: number
  readonly encodeMs: number
  /** Whether of each hit only id and distance are said. */
  readonly idsOnly: boolean
}

/**
 * The answer to a search for the nearest, as a message, and as the bytes of that message. A hit is a row, which is the same in
 * every answer that shows the image by that code, with its distance and its score behind it: bytes are put together from rows.
 */
export class NearestResponse implements SearchResponse {
  readonly version: string
  readonly complete = true
  readonly radiusCovered: number
  readonly plan: Plan
  readonly stats: SearchStats
  readonly rankedOf = 0
  readonly tied = 0
  readonly nextPageToken = ''
  readonly rankedBy = Rank.UNSPECIFIED // what orders by detail is not answered this way
  readonly count = 0
  /** What `SearchResponse.encode` gives, with the hits last. */
  readonly bytes: Buffer

  constructor ({ rows, distances, radiusCovered, search: { plan, tables, buckets, candidates } }: NearestImages, { version, bits, codes, searchMs, encodeMs, idsOnly }: SearchedUnder) {
    this.version = version
    this.radiusCovered = Math.max(0, radiusCovered)
    this.plan = planMessage(plan)
    this.stats = { tables, buckets, candidates, codes, searchMs, encodeMs }
    const { complete, stats, rankedBy, rankedOf, tied, nextPageToken, count } = this
    const rest = SearchResponse.encode({ hits: [], version, complete, radiusCovered: this.radiusCovered, plan: this.plan, stats, rankedBy, rankedOf, tied, nextPageToken, count }).finish()
    this.bytes = withHits(rest, idsOnly ? rows.map(idOf) : rows, distances, idsOnly ? undefined : bits) // at once: rows are good until something is awaited
  }

  get hits (): Hit[] {
    return SearchResponse.decode(this.bytes).hits
  }
}

/** The beginning of a row: its id, which is the first of a hit's fields. */
function idOf (row: Uint8Array): Uint8Array {
  let at = 1
  let length = 0
  for (let shift = 0; ; shift += 7) {
    const byte = row[at++]!
    length |= (byte & 0x7f) << shift
    if (byte < 0x80) return row.subarray(0, at + length)
  }
}

/** @param bits what scores are of; undefined for none. */
function withHits (rest: Uint8Array, rows: readonly Uint8Array[], distances: readonly number[], bits: number | undefined): Buffer {
  let length = rest.length
  for (let i = 0; i < rows.length; i++) {
    const size = rows[i]!.length + placeSize(distances[i]!, bits)
    length += 1 + varintSize(size) + size
  }
  const bytes = Buffer.allocUnsafe(length)
  bytes.set(rest, 0)
  let at = rest.length
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    const distance = distances[i]!
    bytes[at++] = TAG.hits
    at = writeVarint(bytes, at, row.length + placeSize(distance, bits))
    bytes.set(row, at)
    at += row.length
    if (distance > 0) {
      bytes[at++] = TAG.distance
      at = writeVarint(bytes, at, distance)
    }
    if (bits !== undefined && distance < bits) {
      bytes[at++] = TAG.score
      at = bytes.writeDoubleLE(1 - distance / bits, at)
    }
  }
  return bytes
}

/** The bytes of any answer. */
export function encodeResponse (response: SearchResponse): Buffer {
  return response instanceof NearestResponse ? response.bytes : Buffer.from(SearchResponse.encode(response).finish())
}

/** The bytes of any answer in a stream of them. */
export function encodeBatchResponse ({ tag, result }: SearchBatchResponse): Buffer {
  const writer = new BinaryWriter()
  if (result?.$case === 'response' && result.value instanceof NearestResponse) SearchBatchResponse.encode({ tag, result: undefined }, writer).uint32(TAG.response).bytes(result.value.bytes)
  else SearchBatchResponse.encode({ tag, result }, writer)
  return Buffer.from(writer.finish())
}

/** Bytes of distance and score: a message has none of what is 0. */
function placeSize (distance: number, bits: number | undefined): number {
  return (distance === 0 ? 0 : 1 + varintSize(distance)) + (bits === undefined || distance === bits ? 0 : 9)
}

function varintSize (value: number): number {
  return value < 2 ** 7 ? 1 : value < 2 ** 14 ? 2 : value < 2 ** 21 ? 3 : value < 2 ** 28 ? 4 : 5
}

function writeVarint (bytes: Uint8Array, at: number, value: number): number {
  for (; value >= 0x80; value >>>= 7) bytes[at++] = (value & 0x7f) | 0x80
  bytes[at++] = value
  return at
}
