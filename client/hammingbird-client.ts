import { ChannelCredentials, Client } from '@grpc/grpc-js'
import { AdminServiceService } from '../proto/gen/hammingbird/v1/admin.js'
import {
  CatalogServiceService, DeleteItemsRequest, ExportItemsRequest, GetItemRequest, GetStatusRequest, SetLabelsRequest,
  type GetStatusResponse, type Item
} from '../proto/gen/hammingbird/v1/catalog.js'
import { Collection, CollectionServiceService } from '../proto/gen/hammingbird/v1/collection.js'
import type { Position } from '../proto/gen/hammingbird/v1/common.js'
import { ExplainRequest, SearchRequest, SearchServiceService, type ExplainResponse, type SearchResponse } from '../proto/gen/hammingbird/v1/search.js'
import { GetSetAsideRequest, ListSetAsideRequest, ReplayRequest, SetAsideServiceService, type GetSetAsideResponse, type ListSetAsideResponse, type ReplayResponse } from '../proto/gen/hammingbird/v1/set_aside.js'
import { Calls, type CallOptions } from './calls.js'
import { connect } from './connect.js'
import { ModelsClient } from './models-client.js'
import { publish, type CodedImage, type NewImage, type Published } from './publish.js'

export interface ClientOptions {
  /** HOST:PORT. @default '127.0.0.1:4242' */
  readonly server?: string
  /** The collection that calls are about. @default 'default' */
  readonly collection?: string
  /** Longest a call may take; streams have no such limit. @default 30 s */
  readonly timeoutMs?: number
  /** How long `open` waits for an address that does not answer at all. @default 5 s */
  readonly connectTimeoutMs?: number
  /** How long `open` tries on while nobody listens there: a server may be starting. @default 0: not at all */
  readonly waitMs?: number
  /** @default no TLS */
  readonly credentials?: ChannelCredentials
}

type Partly<T extends { fromPartial (object: never): unknown }> = Parameters<T['fromPartial']>[0]

/** What is searched for: one of a whole image file, the id of a stored image, a code. */
export type Query = { readonly image: Uint8Array } | { readonly id: string } | { readonly code: Uint8Array }
export type Search = Query & Omit<Partly<typeof SearchRequest>, 'query' | 'collection'>

export const DEFAULT_SERVER = '127.0.0.1:4242'

/**
 * Talks to a server. Every error is a HammingbirdError as the server threw it, `HAMMINGBIRD_UNREACHABLE` when none
 * answers, or the reason of the caller's signal. A lost connection is made anew by itself, for the calls that follow.
 */
export class HammingbirdClient implements AsyncDisposable {
  readonly #collection: string
  /** For services that have no method here. */
  readonly calls: Calls
  /** Versions of the collection's model. */
  readonly models: ModelsClient

  private constructor (calls: Calls, collection: string) {
    this.calls = calls
    this.#collection = collection
    this.models = new ModelsClient(calls, collection)
  }

  /** @throws HammingbirdError `HAMMINGBIRD_UNREACHABLE` */
  static async open (options: ClientOptions = {}): Promise<HammingbirdClient> {
    const { server = DEFAULT_SERVER, collection = '', timeoutMs = 30_000, connectTimeoutMs = 5000, waitMs = 0, credentials = ChannelCredentials.createInsecure() } = options
    const client = new Client(server, credentials, {
      'grpc.max_receive_message_length': -1, // the server is ours, and answers what was asked for
      'grpc.use_local_subchannel_pool': 1 // clients in one process do not share a connection: each has its own flow
    })
    try {
      await connect(client, server, { connectTimeoutMs, waitMs })
    } catch (err) {
      client.close()
      throw err
    }
    return new HammingbirdClient(new Calls(client, server, timeoutMs), collection)
  }

  search (search: Search, options?: CallOptions): Promise<SearchResponse> {
    return this.calls.unary(SearchServiceService.search, this.#searchRequest(search), options)
  }

  /** One answer a page, all as of the same moment, to the last. */
  async * searchPages (search: Search, options?: CallOptions): AsyncGenerator<SearchResponse, void, undefined> {
    const request = this.#searchRequest(search)
    do {
      const answer = await this.calls.unary(SearchServiceService.search, request, options)
      yield answer
      request.pageToken = answer.nextPageToken
    } while (request.pageToken !== '')
  }

  /** What a search did, and how one image stands to it: found, too far (and what radius would find it), filtered out, not applied yet, … */
  explain (search: Search, id: string, options?: CallOptions): Promise<ExplainResponse> {
    return this.calls.unary(SearchServiceService.explain, ExplainRequest.create({ search: this.#searchRequest(search), id }), options)
  }

  /** Publishes images, or codes in place of them, over one stream: see `publish`. */
  publish<T extends NewImage | CodedImage> (images: AsyncIterable<T> | Iterable<T>, options?: CallOptions): AsyncGenerator<Published<T>, void, undefined> {
    return publish(this.calls, this.#collection, images, options)
  }

  /** @throws HammingbirdError `HAMMINGBIRD_NOT_FOUND` */
  async getItem (id: string, { picture = false, ...options }: CallOptions & { readonly picture?: boolean } = {}): Promise<Item> {
    const { item } = await this.calls.unary(CatalogServiceService.getItem, GetItemRequest.create({ collection: this.#collection, id, picture }), options)
    return item!
  }

  /** At most 10,000 at once. An id that is not there is no error. @returns the position of each tombstone. */
  async deleteItems (ids: readonly string[], options?: CallOptions): Promise<readonly Position[]> {
    const { positions } = await this.calls.unary(CatalogServiceService.deleteItems, DeleteItemsRequest.create({ collection: this.#collection, ids: [...ids] }), options)
    return positions
  }

  /** @param labels `undefined`: back to those published with the image. */
  async setLabels (id: string, labels: readonly string[] | undefined, options?: CallOptions): Promise<Position> {
    const request = SetLabelsRequest.create({ collection: this.#collection, id, ...(labels ? { labels: { values: [...labels] } } : {}) })
    const { position } = await this.calls.unary(CatalogServiceService.setLabels, request, options)
    return position!
  }

  /** Live items in order of id. */
  async * exportItems (request: Omit<Partly<typeof ExportItemsRequest>, 'collection'> = {}, options?: CallOptions): AsyncGenerator<Item, void, undefined> {
    for await (const { item } of this.calls.serverStream(CatalogServiceService.exportItems, ExportItemsRequest.create({ ...request, collection: this.#collection }), options)) yield item!
  }

  status (options?: CallOptions): Promise<GetStatusResponse> {
    return this.calls.unary(CatalogServiceService.getStatus, GetStatusRequest.create({ collection: this.#collection }), options)
  }

  /** @throws HammingbirdError `HAMMINGBIRD_ALREADY_EXISTS` when one of that name has other settings. */
  async createCollection (wish: Partly<typeof Collection>, options?: CallOptions): Promise<Collection> {
    const { collection } = await this.calls.unary(CollectionServiceService.createCollection, { collection: Collection.create(wish) }, options)
    return collection!
  }

  /** @throws HammingbirdError `HAMMINGBIRD_NOT_FOUND` */
  async getCollection (name: string, options?: CallOptions): Promise<Collection> {
    const { collection } = await this.calls.unary(CollectionServiceService.getCollection, { name }, options)
    return collection!
  }

  async listCollections (options?: CallOptions): Promise<readonly Collection[]> {
    const { collections } = await this.calls.unary(CollectionServiceService.listCollections, {}, options)
    return collections
  }

  async deleteCollection (name: string, options?: CallOptions): Promise<void> {
    await this.calls.unary(CollectionServiceService.deleteCollection, { name }, options)
  }

  /** One archive of the collection, in pieces, as the server writes it. */
  async * snapshot (options?: CallOptions): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const { data } of this.calls.serverStream(AdminServiceService.snapshot, { collection: this.#collection }, options)) yield data
  }

  listSetAside (request: Omit<Partly<typeof ListSetAsideRequest>, 'collection'> = {}, options?: CallOptions): Promise<ListSetAsideResponse> {
    return this.calls.unary(SetAsideServiceService.listSetAside, ListSetAsideRequest.create({ ...request, collection: this.#collection }), options)
  }

  /** @param name an image's id, or where the entry stands in the set-aside topic. */
  getSetAside (name: string | Position, options?: CallOptions): Promise<GetSetAsideResponse> {
    const request: GetSetAsideRequest = {
      collection: this.#collection,
      name: typeof name === 'string' ? { $case: 'imageId', value: name } : { $case: 'position', value: name }
    }
    return this.calls.unary(SetAsideServiceService.getSetAside, request, options)
  }

  /** Publishes set-aside images again: those named, or all, or all of one code. */
  replay (request: Omit<Partly<typeof ReplayRequest>, 'collection'> = {}, options?: CallOptions): Promise<ReplayResponse> {
    return this.calls.unary(SetAsideServiceService.replay, ReplayRequest.create({ ...request, collection: this.#collection }), options)
  }

  /** New calls are refused with `HAMMINGBIRD_NOT_OPEN`; those in hand go on to their end. */
  async close (): Promise<void> {
    this.calls.close()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  #searchRequest (search: Search): SearchRequest {
    const query: SearchRequest['query'] = 'image' in search
      ? { $case: 'image', value: Buffer.from(search.image) }
      : 'id' in search ? { $case: 'id', value: search.id } : { $case: 'code', value: Buffer.from(search.code) }
    return { ...SearchRequest.fromPartial({ ...search, collection: this.#collection }), query }
  }
}


