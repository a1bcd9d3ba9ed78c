import type { SearchServiceServer } from '../../proto/gen/hammingbird/v1/search.js'
import type { Engine } from '../engine.js'
import type { Calls } from './calls.js'
import { notBuilt } from './not-built.js'

export function searchService (engine: Engine, calls: Calls): SearchServiceServer {
  return {
    search: calls.unary((request, signal) => engine.search(request, signal)),
    searchBatch: calls.bidi(engine.searchBatch?.bind(engine) ?? notBuilt('SearchBatch answers many searches over one stream')),
    explain: calls.unary(engine.explain?.bind(engine) ?? notBuilt('Explain says what a search did, and why an image was not found'))
  }
}
