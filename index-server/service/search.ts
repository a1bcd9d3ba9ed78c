import { SearchServiceService, type SearchServiceServer } from '../../proto/gen/hammingbird/v1/search.js'
import { encodeBatchResponse, encodeResponse } from '../engine/nearest-response.js'
import type { Engine } from '../engine.js'
import type { Calls } from './calls.js'
import { notBuilt } from './not-built.js'

/** The service as it was generated, but for how answers become bytes. */
export const searchDefinition = {
  ...SearchServiceService,
  search: { ...SearchServiceService.search, responseSerialize: encodeResponse },
  searchBatch: { ...SearchServiceService.searchBatch, responseSerialize: encodeBatchResponse }
}

export function searchService (engine: Engine, calls: Calls): SearchServiceServer {
  return {
    search: calls.prompt((request, caller) => engine.search(request, caller)),
    searchBatch: calls.bidi(engine.searchBatch?.bind(engine) ?? notBuilt('SearchBatch answers many searches over one stream')),
    explain: calls.unary(engine.explain?.bind(engine) ?? notBuilt('Explain says what a search did, and why an image was not found'))
  }
}
