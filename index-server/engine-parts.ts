import type { DrainRequest, DrainResponse, SnapshotRequest, SnapshotResponse } from '../proto/gen/hammingbird/v1/admin.js'
import type * as model from '../proto/gen/hammingbird/v1/model.js'
import type { DeleteWatchRequest, DeleteWatchResponse, ListWatchesRequest, ListWatchesResponse, WatchRequest, WatchResponse } from '../proto/gen/hammingbird/v1/watch.js'

/** Standing queries. A watch's stream ends when its signal aborts. */
export interface WatchEngine {
  watch (request: WatchRequest, signal: AbortSignal): AsyncIterable<WatchResponse>
  listWatches (request: ListWatchesRequest, signal: AbortSignal): Promise<ListWatchesResponse>
  deleteWatch (request: DeleteWatchRequest, signal: AbortSignal): Promise<DeleteWatchResponse>
}

/** Versions of the model, the aliases that name them, and their history. Parts may be absent. */
export interface ModelEngine {
  listVersions (request: model.ListVersionsRequest, signal: AbortSignal): Promise<model.ListVersionsResponse>
  getVersion (request: model.GetVersionRequest, signal: AbortSignal): Promise<model.GetVersionResponse>
  /** A header first, then chunks of files; the version is there when it resolves. */
  publishVersion (parts: AsyncIterable<model.PublishVersionRequest>, signal: AbortSignal): Promise<model.PublishVersionResponse>
  fetchVersion (request: model.FetchVersionRequest, signal: AbortSignal): AsyncIterable<model.FetchVersionResponse>
  promote (request: model.PromoteRequest, signal: AbortSignal): Promise<model.PromoteResponse>
  rollback (request: model.RollbackRequest, signal: AbortSignal): Promise<model.RollbackResponse>
  retire (request: model.RetireRequest, signal: AbortSignal): Promise<model.RetireResponse>
  getHistory (request: model.GetHistoryRequest, signal: AbortSignal): Promise<model.GetHistoryResponse>
  setShadow (request: model.SetShadowRequest, signal: AbortSignal): Promise<model.SetShadowResponse>
  getDrift (request: model.GetDriftRequest, signal: AbortSignal): Promise<model.GetDriftResponse>
  getBackfill (request: model.GetBackfillRequest, signal: AbortSignal): Promise<model.GetBackfillResponse>
  controlBackfill (request: model.ControlBackfillRequest, signal: AbortSignal): Promise<model.ControlBackfillResponse>
  acquireLease (request: model.AcquireLeaseRequest, signal: AbortSignal): Promise<model.AcquireLeaseResponse>
  renewLease (request: model.RenewLeaseRequest, signal: AbortSignal): Promise<model.RenewLeaseResponse>
}

/** For operators. Parts may be absent. */
export interface AdminEngine {
  /** One archive, in pieces. */
  snapshot (request: SnapshotRequest, signal: AbortSignal): AsyncIterable<SnapshotResponse>
  drain (request: DrainRequest, signal: AbortSignal): Promise<DrainResponse>
}
