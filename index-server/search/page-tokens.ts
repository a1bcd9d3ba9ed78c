import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { HammingbirdError, invalid } from '../../errors.js'
import type { CodeStore } from '../store/code-store.js'
import type { Subject } from './image-query.js'
import type { Place } from './total-order.js'

/** Where a search goes on: everything that the next page needs beside the question itself. */
export interface Cursor {
  readonly version: string
  /** The version's codes, as `storeName` calls them: a version that was dropped and made anew has others. */
  readonly store: string
  /** The moment that all pages are of. */
  readonly sequence: number
  readonly subject: Subject
  /** Of the question. */
  readonly digest: string
  /** Hits on the pages so far. */
  readonly returned: number
  /** The last one's place. */
  readonly place: Place
}

export interface PageTokensOptions {
  /** How long a token is good for. @default 60 s */
  readonly liveMs?: number
  /** Unix time. @default Date.now */
  readonly now?: () => number
}

/** As it travels. */
interface Written {
  /** Of the process: its snapshots end with it. */
  readonly epoch: string
  readonly untilMs: number
  readonly version: string
  readonly store: string
  readonly sequence: number
  readonly code: string
  readonly outputs: string | undefined
  readonly detail: string | undefined
  readonly ordinal: number | undefined
  readonly digest: string
  readonly returned: number
  /** JSON knows no `Infinity`: its `apart` is `null` then. */
  readonly place: Omit<Place, 'apart'> & { readonly apart: number | null }
}

/**
 * Page tokens: a cursor, signed with a key of this process's own. They carry the subject, so that no image is encoded a
 * second time, and no page is of another query than the first.
 */
export class PageTokens {
  readonly #epoch = randomBytes(9).toString('base64url')
  readonly #key = randomBytes(32)
  readonly #stores = new WeakMap<CodeStore, string>()
  readonly #liveMs: number
  readonly #now: () => number

  constructor ({ liveMs = 60_000, now = Date.now }: PageTokensOptions = {}) {
    this.#liveMs = liveMs
    this.#now = now
  }

  /** A name for a store of codes, of its own for as long as it is. */
  storeName (codes: CodeStore): string {
    const name = this.#stores.get(codes) ?? randomBytes(6).toString('base64url')
    this.#stores.set(codes, name)
    return name
  }

  write ({ version, store, sequence, subject: { code, outputs, detail, ordinal }, digest, returned, place }: Cursor): string {
    const written: Written = {
      epoch: this.#epoch,
      untilMs: this.#now() + this.#liveMs,
      version,
      store,
      sequence,
      code: text(code),
      outputs: outputs && text(new Uint8Array(Float64Array.from(outputs).buffer)),
      detail: detail && text(detail),
      ordinal,
      digest,
      returned,
      place: { ...place, apart: Number.isFinite(place.apart) ? place.apart : null }
    }
    const body = text(Buffer.from(JSON.stringify(written)))
    return `${body}.${text(this.#sign(body))}`
  }

  /**
   * @throws HammingbirdError `HAMMINGBIRD_PAGE_EXPIRED` when it is too old or of a server that has ended,
   * `HAMMINGBIRD_INVALID` when it is no token of ours.
   */
  read (token: string): Cursor {
    const [body = '', signature = ''] = token.split('.')
    const written = parse(body)
    if (written.epoch !== this.#epoch) throw expired()
    const expected = this.#sign(body)
    const given = Buffer.from(signature, 'base64url')
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw foreign()
    if (this.#now() >= written.untilMs) throw expired()
    const { version, store, sequence, code, outputs, detail, ordinal, digest, returned, place } = written
    const subject = {
      code: Buffer.from(code, 'base64url'),
      ...outputs !== undefined && { outputs: new Float64Array(Uint8Array.from(Buffer.from(outputs, 'base64url')).buffer) },
      ...detail !== undefined && { detail: Buffer.from(detail, 'base64url') },
      ...ordinal !== undefined && { ordinal }
    }
    return { version, store, sequence, subject, digest, returned, place: { ...place, floor: place.floor, apart: place.apart ?? Infinity } }
  }

  #sign (body: string): Buffer {
    return createHmac('sha256', this.#key).update(body).digest()
  }
}

function text (bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url')
}

/** Only its epoch is to be trusted before the signature is checked. What has no place of ours was written by another release. */
function parse (body: string): Written {
  try {
    const written = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as Written
    if (typeof written.epoch === 'string' && typeof written.place.offset === 'number') return written
  } catch {
    // No JSON: not ours.
  }
  throw foreign()
}

function foreign (): HammingbirdError {
  return invalid('page_token', 'must be the next_page_token of a former answer')
}

function expired (): HammingbirdError {
  return new HammingbirdError('HAMMINGBIRD_PAGE_EXPIRED', 'the page token is too old: search again from the start')
}
