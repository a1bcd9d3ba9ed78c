import { createHash } from 'node:crypto'
import { invalid } from '../../errors.js'
import type { Position } from '../../proto/gen/hammingbird/v1/common.js'
import { Hit, Rank, Match_State as State, type ExplainRequest, type ExplainResponse, type Filter, type Match, type SearchRequest, type SearchResponse, type SearchStats } from '../../proto/gen/hammingbird/v1/search.js'
import { explain as explainImages, type Standing } from '../search/explain.js'
import type { ItemFilter } from '../search/filter.js'
import type { ImageQuery, Subject } from '../search/image-query.js'
import type { PageTokens } from '../search/page-tokens.js'
import { isStale, nearestImages } from '../search/nearest-images.js'
import { searchImages, type ImageAnswer, type ImageHit, type SearchFrom } from '../search/search-images.js'
import type { ServedCollection } from '../served-collection.js'
import { whenHere, type Caller, type Soon } from '../soon.js'
import type { StoredItem } from '../store/collection-store.js'
import * as valid from '../validate.js'
import type { EngineContext } from './context.js'
import { subjectOf } from './query.js'
import { itemPosition, planMessage, timeOf } from './items.js'
import { NearestResponse } from './nearest-response.js'

const STATES: Readonly<Record<Standing['state'], State>> = {
  found: State.FOUND,
  'too-far': State.TOO_FAR,
  filtered: State.FILTERED,
  waiting: State.WAITING,
  'behind-k': State.BEHIND_K,
  'set-aside': State.SET_ASIDE,
  deleted: State.DELETED,
  unknown: State.UNKNOWN
}

/** What searching takes of the engine. */
export type SearchContext = Pick<EngineContext, 'served' | 'decoder' | 'encoder'>

/** What a request comes to before anything is searched. */
interface Prepared {
  readonly served: ServedCollection
  readonly version: string
  readonly subject: Subject
  readonly query: ImageQuery
  /** Whether of each hit only id and distance are said. */
  readonly idsOnly: boolean
  /** Decoding and encoding the query image, and waiting for positions. */
  readonly encodeMs: number
}

/** Searches under one version: it encodes the query, is searched, and answers. The nearest are there at once when nothing has to be waited for. */
export function search (context: SearchContext, tokens: PageTokens, request: SearchRequest, caller: Caller): Soon<SearchResponse> {
  const cursor = request.pageToken === '' ? undefined : tokens.read(request.pageToken)
  return whenHere(prepare(context, request, caller, cursor && { version: cursor.version, subject: tokens.subject(cursor) }), prepared =>
    cursor ? searchPage(prepared, { ...cursor, subject: prepared.subject }, tokens, caller) : whenHere(nearest(prepared, caller), answer => answer ?? searchPage(prepared, prepared, tokens, caller)))
}

function nearest (prepared: Prepared, caller: Caller): Soon<SearchResponse | undefined> {
  const { served: { store, collection: { topics } }, version, query, encodeMs, idsOnly } = prepared
  const begunMs = performance.now()
  const show = (item: StoredItem, ordinal: number): Uint8Array =>
    Hit.encode(hitMessage({ item, distance: 0, score: 0, stale: isStale(item.codes.get(version), ordinal) }, version, topics)).finish()
  return whenHere(nearestImages(store, prepared, query, show, caller), found => {
    if (!found) return undefined
    const { bits, count } = store.codes(version)
    return new NearestResponse(found, { version, bits, codes: count, searchMs: performance.now() - begunMs, encodeMs, idsOnly })
  })
}

async function searchPage ({ served, version, query, encodeMs, idsOnly }: Prepared, from: SearchFrom, tokens: PageTokens, { signal }: Caller): Promise<SearchResponse> {
  const begunMs = performance.now()
  const answer = await searchImages(served.store, from, query, tokens, signal)
  const { topics } = served.collection
  return {
    hits: answer.hits.map(hit => idsOnly ? Hit.create({ id: hit.item.id, distance: hit.distance }) : hitMessage(hit, version, topics)),
    version,
    complete: answer.complete,
    radiusCovered: Math.max(0, answer.radiusCovered),
    plan: planMessage(answer.plan),
    stats: statsMessage(answer, performance.now() - begunMs, encodeMs),
    rankedBy: answer.rankedBy === 'detail' ? Rank.DETAIL : Rank.UNSPECIFIED,
    rankedOf: answer.rankedOf,
    tied: answer.tied,
    nextPageToken: answer.nextPageToken ?? '',
    count: answer.count ?? 0
  }
}

/** Searches, and says why an image was found or was not. */
export async function explain (context: SearchContext, tokens: PageTokens, { search: request, id }: ExplainRequest, signal: AbortSignal): Promise<ExplainResponse> {
  if (request === undefined) throw invalid('search', 'the search that is to be explained')
  if (request.pageToken !== '') throw invalid('search.page_token', 'none: the whole search is explained')
  const { served, version, subject, query, encodeMs } = await prepare(context, request, { signal })
  const begunMs = performance.now()
  const { answer, estimate, standing } = await explainImages(served.store, version, subject, query, valid.imageId(id), tokens, signal)
  return {
    plan: planMessage(answer.plan),
    probeEstimateMs: estimate.probeMs,
    scanEstimateMs: estimate.scanMs,
    stats: statsMessage(answer, performance.now() - begunMs, encodeMs),
    match: matchMessage(standing)
  }
}

/** @param before of the pages before this one, as far as it is kept. */
function prepare (context: SearchContext, request: SearchRequest, caller: Caller, before?: { readonly version: string, readonly subject: Subject | undefined }): Soon<Prepared> {
  const begunMs = performance.now()
  const { query, k, pageSize } = valid.searchRequest(request)
  const served = context.served(request.collection)
  const version = before?.version ?? served.resolveVersion(request.version)
  const positions = valid.positions(request.minPosition, served.collection.topics.images)
  const subject = (): Soon<Subject> => before?.subject ?? subjectOf(served, version, query, context.decoder, context.encoder, caller)
  return whenHere(positions.length === 0 ? subject() : allSettled(served, version, positions, caller).then(subject), subject => ({
    served,
    version,
    subject,
    encodeMs: performance.now() - begunMs,
    idsOnly: request.idsOnly,
    query: {
      k,
      radius: request.radius === undefined ? undefined : valid.radius(request.radius, served.store.codes(version).bits),
      filter: request.filter === undefined ? undefined : filterOf(request.filter),
      pageSize,
      countOnly: request.countOnly,
      collapse: request.collapse,
      rank: request.rank === Rank.DETAIL ? 'detail' : 'newest',
      name: () => nameOf(query)
    }
  }))
}

async function allSettled (served: ServedCollection, version: string, positions: readonly Position[], { signal }: Caller): Promise<void> {
  for (const position of positions) await served.settled(version, position, signal)
}

/** Names what is looked for, so that a page token goes with no other query. */
function nameOf (query: NonNullable<SearchRequest['query']>): string {
  return query.$case === 'id' ? `id ${query.value}` : `${query.$case} ${createHash('sha256').update(query.value).digest('base64url')}`
}

function filterOf ({ anyLabels, allLabels, noLabels, capturedFrom, capturedBefore, metadata }: Filter): ItemFilter {
  return {
    anyLabels,
    allLabels,
    noLabels,
    ...(capturedFrom === undefined ? {} : { capturedFromMs: capturedFrom.getTime() }),
    ...(capturedBefore === undefined ? {} : { capturedBeforeMs: capturedBefore.getTime() }),
    metadata: metadata.map(({ field, equals, atLeast, below }) => ({
      field,
      ...(equals === undefined ? {} : { equals }),
      ...(atLeast === undefined ? {} : { atLeast }),
      ...(below === undefined ? {} : { below })
    }))
  }
}

function hitMessage ({ item, distance, score, stale }: ImageHit, version: string, topics: ServedCollection['collection']['topics']): Hit {
  return {
    id: item.id,
    distance,
    score,
    labels: [...item.labels],
    metadata: { ...item.metadata },
    capturedAt: timeOf(item.capturedAtMs),
    position: itemPosition(item, topics),
    stale,
    codeVersion: version,
    uri: item.uri
  }
}

function statsMessage ({ stats }: ImageAnswer, searchMs: number, encodeMs: number): SearchStats {
  return { ...stats, searchMs, encodeMs }
}

function matchMessage (standing: Standing): Match {
  return {
    state: STATES[standing.state],
    radius: 'distance' in standing ? standing.distance : undefined,
    reason: 'reason' in standing ? standing.reason : '',
    differingBits: 'differingBits' in standing ? [...standing.differingBits] : []
  }
}
