import test, { type ExecutionContext } from 'ava'
import type { HammingbirdClient } from '../../../client/index.js'
import { DEFAULT_COLLECTION } from '../../../registry/collections.js'
import { ExplainRequest, Hit, Match_State, SearchBatchRequest, SearchRequest, SearchServiceService, type SearchBatchResponse } from '../../../proto/gen/hammingbird/v1/search.js'
import { openAllInOne, scratch } from '../../fixtures/all-in-one.js'

const CODES = 3000

/** A server whose tables hold codes that were never encoded: near one another, and image 7 and every tenth after it equal. */
async function filled (t: ExecutionContext): Promise<HammingbirdClient> {
  const { all, client } = await openAllInOne(t, await scratch(t))
  const { store, collection: { topics } } = all.indexServer.served(DEFAULT_COLLECTION)
  const ids = Array.from({ length: CODES }, (_, i) => i)
  await store.apply(ids.map(i => ({
    kind: 'item', id: `image-${i}`, partition: 0, offset: i, picture: undefined,
    item: { labels: [`of-${i % 3}`], metadata: {}, uri: '', capturedAtMs: undefined, sha256: Buffer.alloc(32, i), source: { partition: 0, offset: i }, publishedAtMs: 1, width: 1, height: 1, format: 'png' }
  })), { topic: topics.items, partition: 0, next: CODES, atMs: 1 })
  await store.apply(ids.map(i => ({ kind: 'code', version: 'v0', id: `image-${i}`, partition: 0, itemOffset: i, code: codeOf(i), detail: undefined })), { topic: topics.codes('v0'), partition: 0, next: CODES, atMs: 1 })
  return client
}

function codeOf (i: number): Buffer {
  return i % 10 === 7 ? Buffer.alloc(8, 7) : Buffer.from([0, 0, 0, 0, 0, i % 16, i >> 8, i & 0xff])
}

test('Search by id, SearchBatch and Explain, over one server', async t => {
  const client = await filled(t)
  await searchById(t, client)
  await idsOnly(t, client)
  await searchBatch(t, client)
  await explain(t, client)
})

/** The image itself comes first, before newer ones with the same code, over all pages. */
async function searchById (t: ExecutionContext, client: HammingbirdClient): Promise<void> {
  const found: string[] = []
  for await (const { hits } of client.searchPages({ id: 'image-1007', radius: 0, pageSize: 70 })) found.push(...hits.map(({ id }) => id))
  t.is(found[0], 'image-1007')
  t.deepEqual(found.slice(1), Array.from({ length: 300 }, (_, i) => `image-${2997 - 10 * i}`).filter(id => id !== 'image-1007'))
}

/** The same hits, and nothing else of them, however they are found: at once, from disk, behind a filter, by pages. */
async function idsOnly (t: ExecutionContext, client: HammingbirdClient): Promise<void> {
  const code = codeOf(12)
  for (const search of [{ code, k: 9 }, { code, k: 9 }, { code, radius: 3, pageSize: 40 }, { code, k: 9, filter: { anyLabels: ['of-1'], allLabels: [], noLabels: [], metadata: [] } }]) {
    const whole = await client.search(search)
    const brief = await client.search({ ...search, idsOnly: true })
    t.true(whole.hits.every(({ labels, position, codeVersion }) => labels.length === 1 && position !== undefined && codeVersion === 'v0'))
    t.deepEqual(brief.hits, whole.hits.map(({ id, distance }) => Hit.create({ id, distance })))
    t.is(brief.nextPageToken === '', whole.nextPageToken === '')
  }
}

/** Each search is answered under its tag as it would be alone, and what fails leaves the others be. */
async function searchBatch (t: ExecutionContext, client: HammingbirdClient): Promise<void> {
  const requests = Array.from({ length: 600 }, (_, i) => SearchRequest.fromPartial({
    query: { $case: 'code', value: i % 50 === 49 ? Buffer.alloc(3) : codeOf(i) },
    idsOnly: i % 11 === 0,
    ...i % 3 === 0 ? { k: 5 } : { radius: i % 6 },
    ...i % 7 === 0 && { filter: { anyLabels: ['of-1'] } }
  }))
  const stream = client.calls.bidi(SearchServiceService.searchBatch)
  const answers = new Map<string, SearchBatchResponse['result']>()
  const reading = (async () => { for await (const { tag, result } of stream.answers) answers.set(tag, result) })()
  for (const [i, search] of requests.entries()) await stream.send(SearchBatchRequest.fromPartial({ tag: `t${i}`, search }))
  await stream.send(SearchBatchRequest.fromPartial({ tag: 'empty' }))
  stream.end()
  await reading
  t.is(answers.size, 601)
  for (const tag of ['t49', 'empty']) {
    const answer = answers.get(tag)
    t.is(answer?.$case === 'failure' && answer.value.code, tag === 't49' ? 'HAMMINGBIRD_CODE_WIDTH' : 'HAMMINGBIRD_INVALID')
  }
  for (let i = 0; i < 600; i += 29) {
    const alone = await client.calls.unary(SearchServiceService.search, requests[i]!).catch(() => undefined)
    const answer = answers.get(`t${i}`)
    if (alone === undefined) t.is(answer?.$case, 'failure')
    else t.deepEqual(answer?.$case === 'response' && answer.value.hits, alone.hits)
  }
}

/** What was estimated, what happened, and what would have found the image. */
async function explain (t: ExecutionContext, client: HammingbirdClient): Promise<void> {
  const explained = (id: string, search: Parameters<typeof SearchRequest.fromPartial>[0]) =>
    client.calls.unary(SearchServiceService.explain, ExplainRequest.fromPartial({ id, search: { ...search, query: { $case: 'code', value: codeOf(1) } } }))
  const far = await explained('image-2', { radius: 1 })
  t.true(far.probeEstimateMs! > 0 && far.scanEstimateMs! > 0)
  t.true(far.stats!.candidates > 0)
  t.is(far.match?.state, Match_State.TOO_FAR)
  const { radius } = far.match!
  t.is((await explained('image-2', { radius: radius! })).match?.state, Match_State.FOUND)
  t.is((await explained('image-2', { radius: radius! - 1 })).match?.state, Match_State.TOO_FAR)
  const filteredOut = await explained('image-2', { radius: 20, filter: { anyLabels: ['of-1'] } })
  t.is(filteredOut.match?.state, Match_State.FILTERED)
  t.regex(filteredOut.match!.reason, /any_labels/)
  t.is((await explained('image-99999', { radius: 20 })).match?.state, Match_State.UNKNOWN)
}
