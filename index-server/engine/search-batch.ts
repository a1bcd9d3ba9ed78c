import { setImmediate } from 'node:timers/promises'
import { HammingbirdError, invalid } from '../../errors.js'
import type { SearchBatchRequest, SearchBatchResponse } from '../../proto/gen/hammingbird/v1/search.js'
import type { PageTokens } from '../search/page-tokens.js'
import { inOrder } from '../service/in-order.js'
import type { EngineContext } from './context.js'
import { search } from './search.js'

/** Of one stream: what is in hand together is scanned together, and query images are encoded in batches. */
const IN_HAND = { requests: 256, bytes: 64 * 2 ** 20, weigh: ({ search: request }: SearchBatchRequest) => request?.query?.$case === 'image' ? request.query.value.length : 0 }
/** How long requests are begun without a look at other work: each may be answered while it is begun. */
const SPELL_MS = 2

/**
 * Many searches over one stream, many at a time. Those that need a scan at the same time share it: memory is read once for
 * all of them. Answers come in the order of the requests; a search that fails is answered with its failure.
 */
export function searchBatch (context: EngineContext, tokens: PageTokens, requests: AsyncIterable<SearchBatchRequest>, signal: AbortSignal): AsyncIterable<SearchBatchResponse> {
  return inOrder(breathing(requests), IN_HAND, request => answer(context, tokens, request, signal))
}

async function answer (context: EngineContext, tokens: PageTokens, { tag, search: request }: SearchBatchRequest, signal: AbortSignal): Promise<SearchBatchResponse> {
  try {
    if (request === undefined) throw invalid('search', 'the search that goes with the tag')
    return { tag, result: { $case: 'response', value: await search(context, tokens, request, { signal }) } }
  } catch (err) {
    if (signal.aborted || !(err instanceof HammingbirdError)) throw err
    return { tag, result: { $case: 'failure', value: { code: err.code, message: err.message } } }
  }
}

async function * breathing<T> (requests: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  let since = performance.now()
  for await (const request of requests) {
    yield request
    if (performance.now() - since < SPELL_MS) continue
    await setImmediate()
    since = performance.now()
  }
}
