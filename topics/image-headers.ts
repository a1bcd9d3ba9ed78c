import type { Headers } from '../log/log.js'
import { GIVEN_CODES } from './given-codes.js'

/** What an image's headers say of it. */
export interface ImageFacts {
  readonly labels: readonly string[]
  readonly metadata: Readonly<Record<string, string>>
  readonly uri: string
  /** Unix time. */
  readonly capturedAtMs: number | undefined
}

const LABELS = 'labels'
const URI = 'uri'
const CAPTURED_AT = 'captured-at'

/**
 * Reads the headers of a message in C.images. `labels` is a list with commas, or a JSON array where a label has a
 * comma; `captured-at` is an ISO 8601 time or a Unix time in milliseconds; `uri` is text; every other header is
 * metadata. Anyone may write these, so nothing here fails: a `captured-at` that is no time is kept as metadata.
 */
export function readImageHeaders (headers: Headers): ImageFacts {
  const metadata: Record<string, string> = {}
  let labels: readonly string[] = []
  let uri = ''
  let capturedAtMs: number | undefined
  for (const [name, bytes] of Object.entries(headers)) {
    const text = bytes.toString('utf8')
    if (name === LABELS) labels = readLabels(text)
    else if (name === URI) uri = text
    else if (name === GIVEN_CODES) continue // says what the value is, not what the image is
    else if (name === CAPTURED_AT && (capturedAtMs = readTime(text)) !== undefined) continue
    else metadata[name] = text
  }
  return { labels, metadata, uri, capturedAtMs }
}

/** The headers that `readImageHeaders` reads back to the same. */
export function writeImageHeaders ({ labels, metadata, uri, capturedAtMs }: ImageFacts): Headers {
  return {
    ...Object.fromEntries(Object.entries(metadata).map(([name, text]) => [name, Buffer.from(text)])),
    ...(labels.length > 0 ? { [LABELS]: Buffer.from(JSON.stringify(labels)) } : {}),
    ...(uri === '' ? {} : { [URI]: Buffer.from(uri) }),
    ...(capturedAtMs === undefined ? {} : { [CAPTURED_AT]: Buffer.from(new Date(capturedAtMs).toISOString()) })
  }
}

/** Headers that are facts of their own: metadata cannot have these names. */
export const RESERVED_HEADERS: readonly string[] = [LABELS, URI, CAPTURED_AT, GIVEN_CODES]

function readLabels (text: string): readonly string[] {
  let labels: readonly unknown[] = text.split(',')
  if (text.startsWith('[')) {
    try {
      labels = JSON.parse(text) as readonly unknown[]
    } catch {
      // A label may begin with a bracket: then it is a plain list after all.
    }
  }
  return [...new Set(labels.map(label => String(label).trim()).filter(label => label !== ''))]
}

function readTime (text: string): number | undefined {
  const time = /^-?\d+$/.test(text) ? Number(text) : Date.parse(text)
  return Number.isSafeInteger(time) && Math.abs(time) <= 8.64e15 ? time : undefined
}
