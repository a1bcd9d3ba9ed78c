import type { Engine } from '../engine.js'
import type { AdminEngine, ModelEngine } from '../engine-parts.js'
import type { Position } from '../../log/log.js'
import type { DeleteItemsRequest, ExportItemsRequest, GetItemRequest, GetStatusResponse, Item, PublishRequest, SetLabelsRequest } from '../../proto/gen/hammingbird/v1/catalog.js'
import type { Collection } from '../../proto/gen/hammingbird/v1/collection.js'
import type { ExplainRequest, ExplainResponse, SearchBatchRequest, SearchBatchResponse, SearchRequest, SearchResponse } from '../../proto/gen/hammingbird/v1/search.js'
import type { GetSetAsideRequest, GetSetAsideResponse, ListSetAsideRequest, ListSetAsideResponse, ReplayRequest, ReplayResponse } from '../../proto/gen/hammingbird/v1/set_aside.js'
import type { Caller, Soon } from '../soon.js'
import { PageTokens } from '../search/page-tokens.js'
import { snapshot } from './admin.js'
import * as catalog from './catalog.js'
import { collectionMessage, createCollection, deleteCollection } from './collections.js'
import type { EngineContext } from './context.js'
import * as models from './models.js'
import { explain, search } from './search.js'
import { searchBatch } from './search-batch.js'
import { publish } from './publish.js'
import * as setAside from './set-aside.js'
import { status, type StatusSources } from './status.js'

/** The engine over the log and this server's tables: each rpc is one function in this folder. */
export class IndexEngine implements Engine {
  readonly #context: EngineContext
  readonly #sources: StatusSources
  readonly #tokens = new PageTokens()

  constructor (context: EngineContext, sources: StatusSources) {
    this.#context = context
    this.#sources = sources
  }

  readonly admin: Partial<AdminEngine> = {
    snapshot: (request, signal) => snapshot(this.#context, this.#sources.release, request, signal)
  }

  readonly models: Partial<ModelEngine> = {
    listVersions: async request => models.listVersions(this.#context, request),
    getVersion: async request => models.getVersion(this.#context, request),
    publishVersion: async parts => models.publishVersion(this.#context, parts),
    fetchVersion: request => models.fetchVersion(this.#context, request),
    promote: async (request, signal) => models.promote(this.#context, request, signal),
    rollback: async request => models.rollback(this.#context, request),
    retire: async request => models.retire(this.#context, request),
    getHistory: async request => models.getHistory(this.#context, request),
    getBackfill: async request => models.getBackfill(this.#context, request)
  }

  search (request: SearchRequest, caller: Caller): Soon<SearchResponse> {
    return search(this.#context, this.#tokens, request, caller)
  }

  searchBatch (requests: AsyncIterable<SearchBatchRequest>, signal: AbortSignal): AsyncIterable<SearchBatchResponse> {
    return searchBatch(this.#context, this.#tokens, requests, signal)
  }

  explain (request: ExplainRequest, signal: AbortSignal): Promise<ExplainResponse> {
    return explain(this.#context, this.#tokens, request, signal)
  }

  async publish (request: PublishRequest): Promise<{ readonly id: string, readonly position: Position }> {
    return publish(this.#context, request)
  }

  async getItem (request: GetItemRequest): Promise<Item> {
    return catalog.getItem(this.#context, request)
  }

  async deleteItems (request: DeleteItemsRequest): Promise<readonly Position[]> {
    return catalog.deleteItems(this.#context, request)
  }

  async setLabels (request: SetLabelsRequest): Promise<Position> {
    return catalog.setLabels(this.#context, request)
  }

  exportItems (request: ExportItemsRequest, signal: AbortSignal): AsyncIterable<Item> {
    return catalog.exportItems(this.#context, request, signal)
  }

  status (collection: string): Promise<GetStatusResponse> {
    return status(this.#context, collection, this.#sources)
  }

  createCollection (collection: Collection): Promise<Collection> {
    return createCollection(this.#context, collection)
  }

  async getCollection (name: string): Promise<Collection> {
    return collectionMessage(this.#context.registry.collections.get(name))
  }

  async listCollections (): Promise<readonly Collection[]> {
    return this.#context.registry.collections.list().map(collectionMessage)
  }

  async deleteCollection (name: string): Promise<void> {
    await deleteCollection(this.#context, name)
  }

  listSetAside (request: ListSetAsideRequest): Promise<ListSetAsideResponse> {
    return setAside.listSetAside(this.#context, request)
  }

  getSetAside (request: GetSetAsideRequest): Promise<GetSetAsideResponse> {
    return setAside.getSetAside(this.#context, request)
  }

  replay (request: ReplayRequest, signal: AbortSignal): Promise<ReplayResponse> {
    return setAside.replay(this.#context, request, signal)
  }
}
