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
    const rest = { hits: [], version, complete, radiusCovered: this.radiusCovered, plan: this.plan, stats, rankedBy, rankedOf, tied, nextPageToken, count }
    this.bytes = bytesOf(rest, rows, distances, idsOnly ? undefined : bits) // at once: rows are good until something is awaited
  }

  get hits (): Hit[] {
    return SearchResponse.decode(this.bytes).hits
  }
}

/** Past that a writer is not kept for the next answer. */
const KEPT_BYTES = 2 ** 16
let spare: BinaryWriter | undefined

/** @param bits what scores are of; undefined where of each hit only id and distance are said. */
function bytesOf (rest: SearchResponse, rows: readonly Uint8Array[], distances: readonly number[], bits: number | undefined): Buffer {
  const writer = spare ?? new BinaryWriter()
  spare = undefined // until it is empty again: what an error leaves in it is not the next one's
  SearchResponse.encode(rest, writer)
  for (let i = 0; i < rows.length; i++) {
    const distance = distances[i]!
    writer.uint32(TAG.hits).fork().raw(bits === undefined ? idOf(rows[i]!) : rows[i]!)
    if (distance > 0) writer.uint32(TAG.distance).uint32(distance)
    if (bits !== undefined && distance < bits) writer.uint32(TAG.score).double(1 - distance / bits)
    writer.join()
  }
  const bytes = writer.finish()
  if (bytes.length <= KEPT_BYTES) spare = writer
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
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
