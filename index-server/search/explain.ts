import { bitAt } from '../../hamming/code.js'
import { hammingDistance } from '../../hamming/distance.js'
import { breathing } from '../breathing.js'
import type { SearchEstimate } from '../store/code-store.js'
import type { CollectionStore, StoredCode } from '../store/collection-store.js'
import { failingPart } from './filter.js'
import { ask, type ImageQuery, type Subject } from './image-query.js'
import type { PageTokens } from './page-tokens.js'
import { searchImages, type ImageAnswer, type SearchFrom } from './search-images.js'

/** How one image stands to one query. */
export type Standing =
  /** It is on the first page, or on a later one. */
  | { readonly state: 'found', readonly distance: number, readonly differingBits: readonly number[] }
  /** The radius is smaller than its distance. */
  | { readonly state: 'too-far', readonly distance: number, readonly differingBits: readonly number[] }
  /** A part of the filter removes it, or an image with the same bytes stands before it: `reason`. */
  | { readonly state: 'filtered', readonly distance: number, readonly differingBits: readonly number[], readonly reason: string }
  /** Nearer ones, or newer ones as near, filled k. */
  | { readonly state: 'behind-k', readonly distance: number, readonly differingBits: readonly number[] }
  /** Known, and not coded under this version yet. */
  | { readonly state: 'waiting' }
  | { readonly state: 'set-aside', readonly reason: string }
  | { readonly state: 'deleted' }
  | { readonly state: 'unknown' }

export interface Explanation {
  /** The search's first page. */
  readonly answer: ImageAnswer
  /** What the planner weighs for the radius that the answer covers: what it found was within that. */
  readonly estimate: SearchEstimate
  readonly standing: Standing
}

/** Searches, and says why an image was found or was not. */
export async function explain (store: CollectionStore, version: string, subject: Subject, query: ImageQuery, id: string, tokens: PageTokens, signal?: AbortSignal): Promise<Explanation> {
  const answer = await searchImages(store, { version, subject }, query, tokens, signal)
  const estimate = store.codes(version).estimate(Math.max(0, answer.radiusCovered))
  return { answer, estimate, standing: await standingOf(store, version, subject, query, id, tokens, signal) }
}

async function standingOf (store: CollectionStore, version: string, subject: Subject, query: ImageQuery, id: string, tokens: PageTokens, signal: AbortSignal | undefined): Promise<Standing> {
  const item = await store.item(id)
  if (!item) return absenceOf(store, id)
  const code: StoredCode | undefined = item.codes.get(version)
  if (!code) return { state: 'waiting' }
  if ('refused' in code) return { state: 'set-aside', reason: code.refused }

  const { k, radius, filter, collapse } = ask(query, subject.code.length * 8)
  const distance = hammingDistance(subject.code, code.code)
  const near = { distance, differingBits: differingBits(subject, code.code) }
  if (radius !== undefined && distance > radius) return { state: 'too-far', ...near }
  const failing = filter && failingPart(filter, item)
  if (failing !== undefined) return { state: 'filtered', ...near, reason: failing }

  // What is farther than the image has no part in it.
  const upTo = { ...query, ...Number.isFinite(k) && { k }, radius: distance }
  if (await onSomePage(store, version, subject, upTo, id, tokens, signal)) return { state: 'found', ...near }
  if (collapse && await onSomePage(store, version, subject, { ...upTo, collapse: false }, id, tokens, signal)) {
    return { state: 'filtered', ...near, reason: 'collapse: an image with the same bytes stands before it' }
  }
  return { state: 'behind-k', ...near }
}

async function onSomePage (store: CollectionStore, version: string, subject: Subject, query: ImageQuery, id: string, tokens: PageTokens, signal: AbortSignal | undefined): Promise<boolean> {
  const asked = { ...query, countOnly: false }
  const breathe = breathing(signal)
  for (let from: SearchFrom = { version, subject }; ;) {
    const { hits, nextPageToken } = await searchImages(store, from, asked, tokens, signal)
    if (hits.some(({ item }) => item.id === id)) return true
    if (nextPageToken === undefined) return false
    from = { ...tokens.read(nextPageToken), subject }
    await breathe()
  }
}

/** Why there is no live image of that id. */
async function absenceOf (store: CollectionStore, id: string): Promise<Standing> {
  const [source, entry] = await Promise.all([store.sourceOf(id), store.setAsideOf(id)])
  const newer = entry && (!source || source.partition !== entry.sourcePartition || entry.sourceOffset > source.offset)
  if (newer) return { state: 'set-aside', reason: `${entry.code}: ${entry.message}` }
  return { state: source ? 'deleted' : 'unknown' }
}

/** Which bits differ, most significant first. */
function differingBits ({ code }: Subject, other: Uint8Array): number[] {
  return Array.from({ length: code.length * 8 }, (_, at) => at).filter(at => bitAt(code, at) !== bitAt(other, at))
}
