import { HammingbirdError, invalid } from '../../errors.js'
import { breathing, type Breathe } from '../breathing.js'
import type { AcceptSet, CodeAnswer, CodeQuery, CodeStore } from '../store/code-store.js'
import type { CollectionStore, StoredItem } from '../store/collection-store.js'
import { failingPart, type ItemFilter } from './filter.js'
import { ask, assertSubject, type Asked, type ImageQuery, type Subject } from './image-query.js'
import { acceptedOfAll, acceptedOfLabelled } from './accepted.js'
import { matchesOf, type Match } from './matches.js'
import { isStale } from './nearest-images.js'
import { nameOfSubject } from './kept-subjects.js'
import type { Cursor, PageTokens } from './page-tokens.js'
import { inTotalOrder, placeOf, type Ordering, type Place, type Tie } from './total-order.js'

/** What is looked for under a version; on a later page also where that goes on. */
export type SearchFrom = { readonly version: string, readonly subject: Subject } | Cursor & { readonly subject: Subject }

/** An image found. */
export interface ImageHit {
  readonly item: StoredItem
  /** Hamming distance, in bits. */
  readonly distance: number
  /** From 0 to 1: 1 − distance / bits. */
  readonly score: number
  /** The image was updated, and this was found by its former code. */
  readonly stale: boolean
}

export interface ImageAnswer {
  /** In the total order. Empty when only a count was asked. */
  readonly hits: readonly ImageHit[]
  /** How many match, over all pages, when a count was asked. */
  readonly count: number | undefined
  /** Whether all pages together are provably all that was asked. */
  readonly complete: boolean
  /** Every match within this distance is on the pages up to this one; -1 when not even all at distance 0 are. */
  readonly radiusCovered: number
  readonly plan: CodeAnswer['plan']
  readonly stats: SearchStats
  /** What ties were ordered by: by the newest also where detail was asked for, and the subject has none. */
  readonly rankedBy: 'newest' | 'detail'
  /** With `rank: 'detail'`: how many of the tied were ordered by detail. */
  readonly rankedOf: number
  /** With `rank: 'detail'`: how many were tied. */
  readonly tied: number
  /** Undefined on the last page. */
  readonly nextPageToken: string | undefined
}

export interface SearchStats {
  readonly tables: number
  readonly buckets: number
  /** Codes compared bit by bit. */
  readonly candidates: number
  /** Codes the version has. */
  readonly codes: number
}

/** How many times more is asked for when the first answer, filtered, was not enough. */
const GROWTH = 4
/** So many are looked up one by one before anything else is thought of. */
const FEW_TESTS = 256
/** Images with a label are read instead when there are at most so many of them for each that would be looked up. */
const LABELLED_A_TEST = 4
/** So many are looked up at once to be counted. */
const LOOKED_UP = 1024
/** Once this share of all would be looked up one by one, every image is read instead: in order, which is cheaper by so much. */
const SHARE_TESTED = 1 / 4

/**
 * Searches a version of a collection: the k nearest, all within a radius, or both, page by page, each page as of the
 * moment of the first. Exact: filters count inside the search, so there are never fewer than k while k match.
 *
 * What is known of an image (labels, metadata) is as of now, also on later pages; an image deleted meanwhile is left out.
 *
 * @param from what is looked for, and on a later page the cursor that `PageTokens.read` gave.
 * @throws HammingbirdError `HAMMINGBIRD_INVALID`, `…_PAGE_EXPIRED`, `…_NOT_FOUND` for a version without tables; CodeWidthError.
 */
export async function searchImages (store: CollectionStore, from: SearchFrom, query: ImageQuery, tokens: PageTokens, signal?: AbortSignal): Promise<ImageAnswer> {
  const { version, subject } = from
  const codes = store.codes(version)
  assertSubject(subject, codes.bits)
  const asked = ask(query, codes.bits)
  const cursor = 'digest' in from ? from : undefined
  if (cursor && cursor.digest !== asked.digest()) throw invalid('page_token', 'must come with the query it was given for')
  if (cursor && cursor.subjectName !== nameOfSubject(subject)) throw new HammingbirdError('HAMMINGBIRD_PAGE_EXPIRED', 'what is searched for has changed: search again from the start')
  if (cursor && cursor.store !== tokens.storeName(codes)) throw new HammingbirdError('HAMMINGBIRD_PAGE_EXPIRED', `the tables of ${version} were made anew: search again from the start`)
  const sequence = cursor?.sequence ?? codes.sequence
  const search = new Search(store, codes, version, subject, asked, sequence, signal)
  if (asked.countOnly) return search.answer([], { count: await search.count(), radiusCovered: asked.radius ?? codes.bits })

  const returned = cursor?.returned ?? 0
  const wanted = Math.min(asked.pageSize, asked.k - returned)
  const page: Match[] = []
  let next: Match | undefined
  // One more than wanted: whether there is a next page, and how far this one reaches. Past k it is not searched for.
  for await (const matches of search.matches(returned + wanted, wanted < asked.k - returned ? 1 : 0, cursor)) {
    next = matches[wanted - page.length]
    for (const match of matches.slice(0, wanted - page.length)) page.push(match)
    if (next !== undefined) break
  }
  const last = next !== undefined && returned + page.length < asked.k ? page.at(-1) : undefined
  const place = last && await search.placeOf(last)
  return search.answer(search.hits(page), {
    radiusCovered: next ? next.tie.distance - 1 : search.covered,
    ...place && { nextPageToken: tokens.write(subject, { version, store: tokens.storeName(codes), sequence, digest: asked.digest(), returned: returned + page.length, place }) }
  })
}

/** One search under way: it may ask the codes more than once. */
class Search {
  readonly #store: CollectionStore
  readonly #codes: CodeStore
  readonly #version: string
  readonly #subject: Subject
  readonly #asked: Asked
  readonly #sequence: number
  readonly #signal: AbortSignal | undefined
  readonly #breathe: Breathe
  #last: CodeAnswer | undefined
  #stats = { tables: 0, buckets: 0, candidates: 0 }
  #rankedOf = 0
  #tied = 0
  #tested = 0
  #accept: AcceptSet | undefined

  constructor (store: CollectionStore, codes: CodeStore, version: string, subject: Subject, asked: Asked, sequence: number, signal: AbortSignal | undefined) {
    this.#store = store
    this.#codes = codes
    this.#version = version
    this.#subject = subject
    this.#asked = asked
    this.#sequence = sequence
    this.#signal = signal
    this.#breathe = breathing(signal)
  }

  /** Everything within this distance has been gone through. */
  get covered (): number {
    return this.#last!.radiusCovered
  }

  /**
   * What matches, in the total order, from a cursor on. As many codes are asked for as are wanted; when, with a filter,
   * that was not enough, ever more.
   *
   * @param wanted hits in all, from the first page on.
   * @param more how many matches behind those are worth another search.
   */
  async * matches (wanted: number, more: number, cursor: Cursor | undefined): AsyncGenerator<readonly Match[], void> {
    const { collapse, filter } = this.#asked
    const seen = new Set<string>()
    const place = cursor?.place
    const ordering = { ...this.#ordering, breathe: this.#breathe, place, passing: filter && (ordinals => this.#passing(filter, ordinals)) } satisfies Ordering
    // Collapsed, what is on a page depends on all pages before it: they are gone through again.
    let from: Pick<Place, 'distance' | 'asymmetric'> | undefined = collapse ? undefined : place
    let found = cursor?.returned ?? 0
    for (let k = wanted + more; ; k *= GROWTH) {
      const { groups } = await this.#filtered(k)
      const needed = Math.max(1, wanted + more - (collapse ? 0 : found))
      const ties = this.#tally(inTotalOrder(ordering, groups, from, needed))
      for await (const matches of matchesOf(this.#store, this.#version, ties, collapse, filter, needed, count => { this.#tested += count }, this.#signal)) {
        const fresh = collapse ? matches.filter(match => seen.size < seen.add(nameOf(match.item)).size && match.isNew) : matches
        found += fresh.length
        if (fresh.length > 0) yield fresh
      }
      const { radiusCovered } = this.#last!
      if (found >= wanted + more || radiusCovered >= (this.#asked.radius ?? this.#codes.bits)) return
      // Never back: a page that begins far out may not have come to where it begins.
      if (!from || from.distance <= radiusCovered) from = { distance: radiusCovered, asymmetric: Infinity }
    }
  }

  /** All that match, without giving them. */
  async count (): Promise<number> {
    const { k, collapse, filter } = this.#asked
    if (!collapse && !filter) {
      const { count } = await this.#ask(k, { countOnly: true })
      return Math.min(k, count)
    }
    if (!Number.isFinite(k)) return this.#countAll()
    let count = 0
    for await (const { length } of this.matches(k, 0, undefined)) {
      count += length
      if (count >= k) return k
    }
    return count
  }

  /** In no order, for none is needed. */
  async #countAll (): Promise<number> {
    const { collapse, filter } = this.#asked
    const { groups } = await this.#filtered(Infinity, { anonymous: true })
    const seen = new Set<string>()
    let count = 0
    for (const { ordinals } of groups) {
      for (let from = 0; from < ordinals.length; from += LOOKED_UP) {
        await this.#breathe()
        const run = Array.from({ length: Math.min(LOOKED_UP, ordinals.length - from) }, (_, i) => ordinals[from + i]!)
        for (const item of await this.#store.itemsOf(this.#version, run)) {
          if (item === undefined || (filter && failingPart(filter, item) !== undefined)) continue
          if (collapse) seen.add(nameOf(item))
          else count++
        }
      }
    }
    return collapse ? seen.size : count
  }

  placeOf ({ tie, ordinal }: Match): Promise<Place> {
    return placeOf(this.#ordering, tie, ordinal)
  }

  hits (page: readonly Match[]): ImageHit[] {
    return page.map(({ item, ordinal, tie: { distance } }) => ({ item, distance, score: 1 - distance / this.#codes.bits, stale: isStale(item.codes.get(this.#version), ordinal) }))
  }

  answer (hits: readonly ImageHit[], rest: { readonly count?: number, readonly radiusCovered: number, readonly nextPageToken?: string }): ImageAnswer {
    return {
      hits,
      count: rest.count,
      complete: true,
      radiusCovered: rest.radiusCovered,
      plan: this.#last!.plan,
      stats: { ...this.#stats, codes: this.#codes.count },
      rankedBy: this.#asked.rank === 'detail' && this.#subject.detail ? 'detail' : 'newest',
      rankedOf: this.#rankedOf,
      tied: this.#tied,
      nextPageToken: rest.nextPageToken
    }
  }

  get #ordering (): Omit<Ordering, 'place' | 'passing' | 'breathe'> {
    return { store: this.#store, version: this.#version, subject: this.#subject, byDetail: this.#asked.rank === 'detail' }
  }

  async #passing (filter: ItemFilter, ordinals: readonly number[]): Promise<boolean[]> {
    this.#signal?.throwIfAborted()
    this.#tested += ordinals.length
    const items = await this.#store.itemsOf(this.#version, ordinals)
    return items.map(item => item !== undefined && failingPart(filter, item) === undefined)
  }

  async #ask (k: number, how: Pick<CodeQuery, 'countOnly' | 'anonymous'> = {}): Promise<CodeAnswer> {
    const { radius } = this.#asked
    const bounded = Number.isFinite(k) ? { k } : { radius: this.#codes.bits }
    const answer = await this.#codes.search({
      code: this.#subject.code,
      ...bounded,
      ...radius !== undefined && { radius },
      at: this.#sequence,
      ...how,
      ...this.#accept && { accept: this.#accept },
      ...this.#signal && { signal: this.#signal }
    })
    this.#last = answer
    this.#stats = {
      tables: Math.max(this.#stats.tables, answer.tables),
      buckets: this.#stats.buckets + answer.buckets,
      candidates: this.#stats.candidates + answer.candidates
    }
    return answer
  }

  /**
   * Asks for k codes. When, with a filter, many of them would have to be looked up one by one, the images that may pass
   * are found first, and k of those are asked for.
   */
  async #filtered (k: number, how: Pick<CodeQuery, 'anonymous'> = {}): Promise<CodeAnswer> {
    const { filter } = this.#asked
    const search = filter && { store: this.#store, version: this.#version, filter, sequence: this.#sequence, signal: this.#signal }
    if (search) this.#accept ??= await acceptedOfLabelled(search, 0)
    const first = await this.#ask(k, how)
    if (!search || this.#accept) return first
    const tests = this.#tested + first.count
    const all = this.#codes.count
    if (tests >= Math.min(FEW_TESTS, all * SHARE_TESTED)) this.#accept = await acceptedOfLabelled(search, tests * LABELLED_A_TEST)
    if (!this.#accept && tests >= all * SHARE_TESTED) this.#accept = await acceptedOfAll(search)
    return this.#accept ? this.#ask(k, how) : first
  }

  async * #tally (runs: AsyncIterable<readonly Tie[]>): AsyncGenerator<readonly Tie[], void> {
    for await (const run of runs) {
      for (const { ordinals, ranked } of run) {
        if (this.#asked.rank !== 'detail' || ordinals.length === 1) continue
        this.#rankedOf += ranked
        this.#tied += ordinals.length
      }
      yield run
    }
  }
}

/** Of its bytes: what is collapsed has the same. */
function nameOf ({ sha256 }: StoredItem): string {
  return Buffer.from(sha256).toString('latin1')
}

