import type { Position } from '../log/log.js'
import type { DeleteItemsRequest, ExportItemsRequest, GetItemRequest, GetStatusResponse, Item, PublishRequest, SetLabelsRequest } from '../proto/gen/hammingbird/v1/catalog.js'
import type { Collection } from '../proto/gen/hammingbird/v1/collection.js'
import type { ExplainRequest, ExplainResponse, SearchBatchRequest, SearchBatchResponse, SearchRequest, SearchResponse } from '../proto/gen/hammingbird/v1/search.js'
import type { GetSetAsideRequest, GetSetAsideResponse, ListSetAsideRequest, ListSetAsideResponse, ReplayRequest, ReplayResponse } from '../proto/gen/hammingbird/v1/set_aside.js'
import type { Caller, Soon } from './soon.js'
import type { AdminEngine, ModelEngine, WatchEngine } from './engine-parts.js'

/**
 * What the server does, in the words of the API: one function a request. Services translate and call; everything that
 * decides is behind this. Requests are checked here, so that each way in (gRPC, the page, a test) gets the same answer.
 * All reject with a HammingbirdError, or throw it; each takes a signal that ends when the caller has gone or its deadline passed.
 */
export interface Engine {
  search (request: SearchRequest, caller: Caller): Soon<SearchResponse>
  /** @returns the image's id, and its position in C.images. */
  publish (request: PublishRequest, signal: AbortSignal): Promise<{ readonly id: string, readonly position: Position }>
  getItem (request: GetItemRequest, signal: AbortSignal): Promise<Item>
  deleteItems (request: DeleteItemsRequest, signal: AbortSignal): Promise<readonly Position[]>
  setLabels (request: SetLabelsRequest, signal: AbortSignal): Promise<Position>
  exportItems (request: ExportItemsRequest, signal: AbortSignal): AsyncIterable<Item>
  status (collection: string, signal: AbortSignal): Promise<GetStatusResponse>

  createCollection (collection: Collection, signal: AbortSignal): Promise<Collection>
  getCollection (name: string): Promise<Collection>
  listCollections (): Promise<readonly Collection[]>
  deleteCollection (name: string, signal: AbortSignal): Promise<void>

  listSetAside (request: ListSetAsideRequest, signal: AbortSignal): Promise<ListSetAsideResponse>
  getSetAside (request: GetSetAsideRequest, signal: AbortSignal): Promise<GetSetAsideResponse>
  replay (request: ReplayRequest, signal: AbortSignal): Promise<ReplayResponse>

  // What may be absent: its rpcs then answer HAMMINGBIRD_NOT_BUILT, with a sentence that says what they are for.

  /** Answers in any order, each with its request's tag. Reads on only as answers are taken. */
  searchBatch? (requests: AsyncIterable<SearchBatchRequest>, signal: AbortSignal): AsyncIterable<SearchBatchResponse>
  explain? (request: ExplainRequest, signal: AbortSignal): Promise<ExplainResponse>
  readonly watches?: WatchEngine
  readonly models?: Partial<ModelEngine>
  readonly admin?: Partial<AdminEngine>
}
