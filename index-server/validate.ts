import { HammingbirdError, invalid } from '../errors.js'
import { MAX_BITS, MIN_BITS } from '../hamming/code.js'
import type { Position } from '../proto/gen/hammingbird/v1/common.js'
import type { Filter, SearchRequest } from '../proto/gen/hammingbird/v1/search.js'
import { RESERVED_HEADERS } from '../topics/image-headers.js'
import { imageIdOf } from '../topics/image-id.js'
import { VERSION_NAME } from '../topics/names.js'

/**
 * What a request may say, as far as that can be told without knowing what is stored. Each function gives back what it
 * was given, with the default in place of what was left out, or throws `HAMMINGBIRD_INVALID` (where not said otherwise)
 * naming the field as the caller knows it, what would be right, and what was there.
 */

export const DEFAULT_COLLECTION = 'default'
/** Names that move from version to version. */
export const ALIASES: readonly string[] = ['live', 'previous', 'shadow']

export const MAX_IMAGE_BYTES = 16 * 1024 * 1024
export const MAX_LABELS = 100
export const MAX_LABEL_BYTES = 256
export const MAX_METADATA_FIELDS = 64
export const MAX_METADATA_NAME_BYTES = 128
/** Names and values together. */
export const MAX_METADATA_BYTES = 16 * 1024
export const MAX_URI_BYTES = 2048
export const MAX_IDS = 10_000
export const DEFAULT_K = 10
export const DEFAULT_PAGE_SIZE = 1000
export const MAX_PAGE_SIZE = 10_000

/** What google.protobuf.Timestamp can say: the years 1 to 9999. */
const FIRST_MS = Date.parse('0001-01-01T00:00:00Z')
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z')

export function collectionName (name: string, field = 'collection'): string {
  if (name === '') return DEFAULT_COLLECTION
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name)) throw invalid(field, `1 to 63 of a-z, 0-9 and hyphens, not a hyphen first; got ${shown(name)}`)
  return name
}

/** @throws HammingbirdError `HAMMINGBIRD_IMAGE_ID` */
export function imageId (id: string, field = 'id'): string {
  try {
    if (/\p{Cs}/u.test(id)) throw new HammingbirdError('HAMMINGBIRD_IMAGE_ID', 'an image id has whole characters, this one has half of one')
    return imageIdOf(Buffer.from(id))
  } catch (err) {
    const description = (err as HammingbirdError).message
    throw new HammingbirdError('HAMMINGBIRD_IMAGE_ID', `${field}: ${description}`, { violations: [{ field, description }] })
  }
}

/** A version or an alias. */
export function versionName (name: string, field = 'version'): string {
  if (name === '') return 'live'
  if (!ALIASES.includes(name) && !VERSION_NAME.test(name)) throw invalid(field, `a version such as v7, or one of ${ALIASES.join(', ')}; got ${shown(name)}`)
  return name
}

/** @throws HammingbirdError `HAMMINGBIRD_CODE_WIDTH` when the code is no code of `bits` bits. */
export function codeWidth (code: Uint8Array, bits: number, field = 'code'): Uint8Array {
  if (code.length * 8 === bits) return code
  const description = `a code of ${bits} bits, ${bits / 8} bytes; got ${code.length}`
  throw new HammingbirdError('HAMMINGBIRD_CODE_WIDTH', `${field}: ${description}`, { violations: [{ field, description }] })
}

/** Bits of a code that may be wished for. */
export function bitsOf (bits: number, field = 'bits'): number {
  if (!Number.isInteger(bits) || bits < MIN_BITS || bits > MAX_BITS || bits % 8 !== 0) throw invalid(field, `a multiple of 8 from ${MIN_BITS} to ${MAX_BITS}, got ${bits}`)
  return bits
}

/** How many of what was asked for are given at once: `standard` when 0. */
export function pageSize (size: number, standard = DEFAULT_PAGE_SIZE, most = MAX_PAGE_SIZE, field = 'page_size'): number {
  if (size === 0) return standard
  if (!Number.isInteger(size) || size < 0 || size > most) throw invalid(field, `at most ${most}, got ${size}`)
  return size
}

/** @param bits width of the codes: no two of them are further apart. */
export function radius (value: number, bits: number, field = 'radius'): number {
  if (!Number.isInteger(value) || value < 0 || value > bits) throw invalid(field, `0 to ${bits}, the width of the codes; got ${value}`)
  return value
}

/** An image file's bytes. @param most the collection's limit. @throws HammingbirdError `HAMMINGBIRD_IMAGE_TOO_LARGE` above it */
export function imageBytes (image: Uint8Array, most = MAX_IMAGE_BYTES, field = 'image'): Uint8Array {
  if (image.length === 0) throw invalid(field, 'a whole image file, got no bytes')
  if (image.length > most) {
    const description = `at most ${most} bytes, got ${image.length}`
    throw new HammingbirdError('HAMMINGBIRD_IMAGE_TOO_LARGE', `${field}: ${description}`, { violations: [{ field, description }] })
  }
  return image
}

/** Drops what stands there twice. */
export function labels (values: readonly string[], field = 'labels'): string[] {
  if (values.length > MAX_LABELS) throw invalid(field, `at most ${MAX_LABELS} labels, got ${values.length}`)
  for (const [i, label] of values.entries()) text(label, { bytes: MAX_LABEL_BYTES, field: `${field}[${i}]` })
  return [...new Set(values)]
}

export function metadata (fields: Readonly<Record<string, string>>, field = 'metadata'): Readonly<Record<string, string>> {
  const entries = Object.entries(fields)
  if (entries.length > MAX_METADATA_FIELDS) throw invalid(field, `at most ${MAX_METADATA_FIELDS} fields, got ${entries.length}`)
  let bytes = 0
  for (const [name, value] of entries) {
    metadataName(name, field)
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value)
  }
  if (bytes > MAX_METADATA_BYTES) throw invalid(field, `at most ${MAX_METADATA_BYTES} bytes in all, got ${bytes}`)
  return fields
}

function metadataName (name: string, field: string): string {
  text(name, { bytes: MAX_METADATA_NAME_BYTES, field: `${field}[${shown(name)}]` })
  if (RESERVED_HEADERS.includes(name)) throw invalid(`${field}[${shown(name)}]`, `another name: ${RESERVED_HEADERS.join(', ')} have fields of their own`)
  return name
}

export function uri (value: string, field = 'uri'): string {
  return value === '' ? value : text(value, { bytes: MAX_URI_BYTES, field })
}

/** Unix time in milliseconds, or `undefined` when not given. */
export function timestamp (value: Date | undefined, field: string): number | undefined {
  if (value === undefined) return undefined
  const ms = value.getTime()
  if (!(ms >= FIRST_MS && ms <= LAST_MS)) throw invalid(field, 'a time from the year 1 to 9999')
  return ms
}

/** Positions of one topic, as `min_position` has them. */
export function positions (values: readonly Position[], topic: string, field = 'min_position'): readonly Position[] {
  for (const [i, position] of values.entries()) {
    if (position.topic !== '' && position.topic !== topic) throw invalid(`${field}[${i}].topic`, `${shown(topic)} or empty, got ${shown(position.topic)}`)
    if (!Number.isSafeInteger(position.offset) || position.offset < 0) throw invalid(`${field}[${i}].offset`, `a position's offset, got ${position.offset}`)
  }
  return values
}

/** Image ids, each right and none missing. */
export function imageIds (ids: readonly string[], field = 'ids'): readonly string[] {
  if (ids.length === 0) throw invalid(field, 'at least one')
  if (ids.length > MAX_IDS) throw invalid(field, `at most ${MAX_IDS} at once, got ${ids.length}`)
  for (const [i, id] of ids.entries()) imageId(id, `${field}[${i}]`)
  return ids
}

export function filter (value: Filter | undefined, field = 'filter'): Filter | undefined {
  if (value === undefined) return undefined
  labels(value.anyLabels, `${field}.any_labels`)
  labels(value.allLabels, `${field}.all_labels`)
  labels(value.noLabels, `${field}.no_labels`)
  const from = timestamp(value.capturedFrom, `${field}.captured_from`)
  const before = timestamp(value.capturedBefore, `${field}.captured_before`)
  if (from !== undefined && before !== undefined && from >= before) throw invalid(`${field}.captured_before`, 'later than captured_from: nothing lies between them')
  if (value.metadata.length > MAX_METADATA_FIELDS) throw invalid(`${field}.metadata`, `at most ${MAX_METADATA_FIELDS} conditions, got ${value.metadata.length}`)
  for (const [i, condition] of value.metadata.entries()) {
    metadataName(condition.field, `${field}.metadata[${i}].field`)
    if (condition.equals === undefined && condition.atLeast === undefined && condition.below === undefined) {
      throw invalid(`${field}.metadata[${i}]`, 'one of equals, at_least and below')
    }
  }
  return value
}

/**
 * A search, but for what takes the version to tell (the width of its codes): `codeWidth` and `radius` are for that.
 *
 * @returns the query, and `k` as it counts: `undefined` means all within the radius.
 */
export function searchRequest (request: SearchRequest): { readonly query: NonNullable<SearchRequest['query']>, readonly k: number | undefined, readonly pageSize: number } {
  const { query, k, radius } = request
  collectionName(request.collection)
  versionName(request.version)
  if (query === undefined) throw invalid('query', 'one of image, id and code')
  if (query.$case === 'image') imageBytes(query.value)
  if (query.$case === 'id') imageId(query.value)
  if (query.$case === 'code') bitsOf(query.value.length * 8, 'code (bits)')
  if (radius !== undefined && radius > MAX_BITS) throw invalid('radius', `at most the width of the codes, got ${radius}`)
  filter(request.filter)
  return { query, k: k === 0 ? (radius === undefined && !request.countOnly ? DEFAULT_K : undefined) : k, pageSize: pageSize(request.pageSize) }
}

/** Text that can be shown and stored: not empty, so many bytes, no control characters. */
function text (value: string, { bytes, field }: { bytes: number, field: string }): string {
  const length = Buffer.byteLength(value)
  if (length === 0 || length > bytes) throw invalid(field, `1 to ${bytes} bytes of UTF-8, got ${length}`)
  if (/\p{Cc}|\p{Cs}/u.test(value)) throw invalid(field, `no control characters, got ${shown(value)}`)
  return value
}

/** As JSON, so that what cannot be seen is seen; not too much of it. */
function shown (value: string): string {
  // JSON leaves DEL and the C1 controls as they are.
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 79)}…` : value).replace(/[\u007f-\u009f]/g, control => `\\u00${control.codePointAt(0)!.toString(16)}`)
}
