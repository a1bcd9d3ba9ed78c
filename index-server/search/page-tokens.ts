import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { HammingbirdError, invalid } from '../../errors.js'
import type { CodeStore } from '../store/code-store.js'
import type { Subject } from './image-query.js'
import { KeptSubjects, nameOfSubject } from './kept-subjects.js'
import { decodePageToken, encodePageToken, type PageToken } from './page-token.js'

/** Where a search goes on: everything that the next page needs beside the question itself and what is searched for. */
export type Cursor = Omit<PageToken, 'epoch' | 'untilMs'>

export interface PageTokensOptions {
  /** How long a token is good for. @default 60 s */
  readonly liveMs?: number
  /** Most memory for what is searched for, between pages. @default 16 MiB */
  readonly keptBytes?: number
  /** Unix time. @default Date.now */
  readonly now?: () => number
}

const SIGNATURE_BYTES = 16

/**
 * Page tokens: a cursor, signed with a key of this process's own, in some 150 characters. What is searched for is only named in
 * them, and kept here, so that no image is encoded a second time; where it had to make room it is made again, and the name
 * tells whether it is what the pages before were of.
 */
export class PageTokens {
  readonly #epoch = randomBytes(6).toString('base64url')
  readonly #key = randomBytes(32)
  readonly #stores = new WeakMap<CodeStore, string>()
  readonly #subjects: KeptSubjects
  readonly #liveMs: number
  readonly #now: () => number

  constructor ({ liveMs = 60_000, keptBytes = 16 * 2 ** 20, now = Date.now }: PageTokensOptions = {}) {
    this.#subjects = new KeptSubjects(keptBytes)
    this.#liveMs = liveMs
    this.#now = now
  }

  /** A name for a store of codes, of its own for as long as it is. */
  storeName (codes: CodeStore): string {
    const name = this.#stores.get(codes) ?? randomBytes(6).toString('base64url')
    this.#stores.set(codes, name)
    return name
  }

  /** @param subject what is searched for: kept for the next page. */
  write (subject: Subject, cursor: Omit<Cursor, 'subjectName'>): string {
    const subjectName = nameOfSubject(subject)
    const nowMs = this.#now()
    const untilMs = nowMs + this.#liveMs
    this.#subjects.keep(subjectName, subject, untilMs, nowMs)
    const body = encodePageToken({ ...cursor, subjectName, epoch: this.#epoch, untilMs })
    return Buffer.concat([this.#sign(body), body]).toString('base64url')
  }

  /**
   * @throws HammingbirdError `HAMMINGBIRD_PAGE_EXPIRED` when it is too old or of a server that has ended,
   * `HAMMINGBIRD_INVALID` when it is no token of ours.
   */
  read (token: string): Cursor {
    const bytes = Buffer.from(token, 'base64url')
    if (bytes.toString('base64url') !== token) throw foreign()
    const body = bytes.subarray(SIGNATURE_BYTES)
    const written = decodePageToken(body)
    if (!written) throw foreign()
    const { epoch, untilMs, ...cursor } = written
    if (epoch !== this.#epoch) throw expired()
    if (!timingSafeEqual(bytes.subarray(0, SIGNATURE_BYTES), this.#sign(body))) throw foreign()
    if (this.#now() >= untilMs) throw expired()
    return cursor
  }

  /** What a cursor is of, while it is kept. */
  subject ({ subjectName }: Cursor): Subject | undefined {
    return this.#subjects.get(subjectName)
  }

  #sign (body: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(body).digest().subarray(0, SIGNATURE_BYTES)
  }
}

function foreign (): HammingbirdError {
  return invalid('page_token', 'must be the next_page_token of a former answer')
}

function expired (): HammingbirdError {
  return new HammingbirdError('HAMMINGBIRD_PAGE_EXPIRED', 'the page token is too old: search again from the start')
}
