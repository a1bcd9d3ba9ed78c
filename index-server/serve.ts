import type { Subscription } from 'rxjs'
import { HammingbirdError } from '../errors.js'
import type { Log } from '../log/log.js'
import { DEFAULT_COLLECTION } from '../registry/collections.js'
import { KeepOpen } from '../registry/keep-open.js'
import type { ModelLoader } from '../registry/model-loader.js'
import type { OpenCollection, Registry } from '../registry/registry.js'
import { ServedCollection } from './served-collection.js'
import type { StoreDirectory } from './store/store-directory.js'
import { storeName } from './store/store-name.js'

export interface IndexServerOptions {
  readonly log: Log
  readonly registry: Registry
  readonly store: StoreDirectory
  readonly models: ModelLoader
  /** Names this server among those of one deployment. */
  readonly serverId: string
  /** Whether canonical pictures are kept, for people to see. */
  readonly pictures: boolean
  readonly failed: (err: unknown, name: string) => void
}

/** Keeps the tables of every collection up with the log, as collections come and go. */
export class IndexServer implements AsyncDisposable {
  readonly #options: IndexServerOptions
  readonly #collections: KeepOpen<OpenCollection, ServedCollection>
  readonly #subscription: Subscription

  /** Resolves when every collection known is open. */
  static async open (options: IndexServerOptions): Promise<IndexServer> {
    const server = new IndexServer(options)
    await server.refresh()
    await Promise.all(server.all().map(collection => collection.ready()))
    const wanted = new Set(options.registry.list().map(keyOf))
    for (const key of await options.store.names()) if (!wanted.has(key)) await options.store.dropCollection(key) // deleted while we were away
    return server
  }

  private constructor (options: IndexServerOptions) {
    const { log, registry, store, models, serverId, pictures, failed } = options
    this.#options = options
    this.#collections = new KeepOpen<OpenCollection, ServedCollection>({
      key: keyOf,
      failed,
      open: async collection => new ServedCollection({
        log,
        serverId,
        collection,
        models,
        pictures,
        failed,
        store: await store.collection(keyOf(collection)),
        topicSettings: registry.collections.topicSettings(collection.config)
      }),
      gone: key => store.dropCollection(key)
    })
    this.#subscription = registry.open$.subscribe(() => { void this.refresh() })
  }

  /** Resolves when every collection of the registry is served. */
  async refresh (): Promise<void> {
    await this.#collections.want(this.#options.registry.list())
  }

  /** @throws HammingbirdError `HAMMINGBIRD_NOT_FOUND`; `…_VERSION_NOT_READY` while it is being opened. */
  served (name: string): ServedCollection {
    const asked = name === '' ? DEFAULT_COLLECTION : name
    const served = this.#collections.get(keyOf(this.#options.registry.get(asked)))
    if (served === undefined) throw new HammingbirdError('HAMMINGBIRD_VERSION_NOT_READY', `collection ${asked} is being opened: try again`)
    return served
  }

  /** Resolves when a collection that is known is served, with the versions it has. */
  async opened (name: string): Promise<void> {
    await this.refresh()
    await this.served(name).ready()
  }

  all (): readonly ServedCollection[] {
    return this.#collections.values()
  }

  async close (): Promise<void> {
    this.#subscription.unsubscribe()
    await this.#collections.close()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }
}

function keyOf ({ config }: OpenCollection): string {
  return storeName(config)
}
