import { createHash } from 'node:crypto'
import { CodeWidthError, invalid } from '../../errors.js'
import type { Code } from '../../hamming/code.js'
import { isFilter, type ItemFilter } from './filter.js'

/** What images are compared with. */
export interface Subject {
  readonly code: Code
  /** The outputs before the sign, one a bit, where there are: equally far codes are ordered by them. */
  readonly outputs?: ArrayLike<number>
  /** Features of the version's detail, int8: with `rank: 'detail'` ties are ordered by them. */
  readonly detail?: Uint8Array
  /** Of a stored image, its own: it stands before the others that neither distance tells from it. */
  readonly ordinal?: number
}

/** What is asked. */
export interface ImageQuery {
  /** How many at the most, over all pages. @default 10 when there is no radius either, else all within it */
  readonly k?: number | undefined
  /** Only images within this Hamming distance. @default any */
  readonly radius?: number | undefined
  readonly filter?: ItemFilter | undefined
  /** Most hits in one answer. @default 1000 */
  readonly pageSize?: number
  /** Count, give no hits. @default false */
  readonly countOnly?: boolean
  /** Of images with the same original bytes only the first. @default false */
  readonly collapse?: boolean
  /** What orders ties before the newest: nothing, or the detail. @default 'newest' */
  readonly rank?: 'newest' | 'detail'
  /** Names what is looked for (an id, a digest of the image), so that a page token goes with no other. @default the code */
  readonly name?: string | (() => string)
}

/** A query with all defaults in place. */
export interface Asked {
  readonly k: number
  readonly radius: number | undefined
  readonly filter: ItemFilter | undefined
  readonly pageSize: number
  readonly countOnly: boolean
  readonly collapse: boolean
  readonly rank: 'newest' | 'detail'
  /** 15 bytes, base64url: the same for queries that differ in nothing but the page. */
  readonly digest: () => string
}

const DEFAULT_K = 10
const DEFAULT_PAGE = 1000
const MAX_PAGE = 10_000

/** Checks a query and puts defaults in place. @throws HammingbirdError `HAMMINGBIRD_INVALID`, naming the field. */
export function ask (query: ImageQuery, bits: number): Asked {
  const { k, radius, filter, pageSize = DEFAULT_PAGE, countOnly = false, collapse = false, rank = 'newest', name = '' } = query
  if (k !== undefined && (!Number.isInteger(k) || k < 1)) throw invalid('k', `must be 1 or more, got ${k}`)
  if (radius !== undefined && (!Number.isInteger(radius) || radius < 0 || radius > bits)) throw invalid('radius', `must be from 0 to ${bits}, the bits of a code, got ${radius}`)
  if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > MAX_PAGE) throw invalid('page_size', `must be from 1 to ${MAX_PAGE}, got ${pageSize}`)
  return {
    k: k ?? (radius === undefined ? DEFAULT_K : Infinity),
    radius,
    filter: isFilter(filter) ? filter : undefined,
    pageSize,
    countOnly,
    collapse,
    rank,
    digest () {
      const { pageSize: _, digest: _self, ...asked } = this
      return createHash('sha256').update(JSON.stringify([asked, k, typeof name === 'string' ? name : name()])).digest().toString('base64url', 0, 15)
    }
  }
}

/** @throws CodeWidthError, HammingbirdError `HAMMINGBIRD_INVALID` for a subject that does not go with the version. */
export function assertSubject ({ code, outputs }: Subject, bits: number): void {
  if (code.length * 8 !== bits) throw new CodeWidthError(bits, code.length * 8)
  if (outputs !== undefined && outputs.length !== bits) throw invalid('outputs', `must be ${bits}, one a bit, got ${outputs.length}`)
}
