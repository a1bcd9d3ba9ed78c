import { BehaviorSubject, type Observable, type Subscription } from 'rxjs'
import { HammingbirdError } from '../errors.js'
import type { Log } from '../log/log.js'
import { topicsOf, type CollectionTopics, type TopicSettings } from '../topics/names.js'
import { Collections, type CollectionConfig } from './collections.js'
import { KeepOpen } from './keep-open.js'
import type { Manifest } from './manifest.js'
import { Versions } from './versions.js'

/** One collection, with all that the log says of it. */
export interface OpenCollection extends AsyncDisposable {
  readonly config: CollectionConfig
  readonly topics: CollectionTopics
  readonly versions: Versions
}

export interface RegistryOptions {
  readonly log: Log
  /** Who reads: distinct among the processes of one deployment. */
  readonly reader: string
  /** The manifest of version 0 of a collection of this width. */
  readonly builtIn: (bits: number) => Manifest
  readonly failed: (err: unknown, name: string) => void
  /** Retention of topics made here, where it is not the default. */
  readonly settings?: Partial<TopicSettings>
}

/** What there is: the collections and their versions, followed from the log. */
export class Registry implements AsyncDisposable {
  readonly collections: Collections
  /** Every collection that is open: at once, and after each change. */
  readonly open$: Observable<readonly OpenCollection[]>
  readonly #open$ = new BehaviorSubject<readonly OpenCollection[]>([])
  readonly #keep: KeepOpen<CollectionConfig, OpenCollection>
  readonly #subscription: Subscription

  /** Resolves when all that the log says by now is known. */
  static async open (options: RegistryOptions): Promise<Registry> {
    const collections = await Collections.open(options.log, options.reader, options.settings)
    const registry = new Registry(options, collections)
    await registry.refresh()
    return registry
  }

  private constructor ({ log, reader, builtIn, failed }: RegistryOptions, collections: Collections) {
    this.collections = collections
    this.open$ = this.#open$.asObservable()
    this.#keep = new KeepOpen<CollectionConfig, OpenCollection>({
      key: ({ name, createdAtMs }) => `${name} ${createdAtMs}`,
      failed,
      open: async config => {
        const topics = topicsOf(config.name)
        const versions = await Versions.open(log, topics.models, `${reader}-${config.name}`, builtIn(config.bits))
        return { config, topics, versions, [Symbol.asyncDispose]: () => versions.close() }
      }
    })
    this.#subscription = collections.all$.subscribe(() => { void this.refresh() })
  }

  /** Resolves when every collection known is open. */
  async refresh (): Promise<void> {
    await this.#keep.want(this.collections.list())
    this.#open$.next(this.#keep.values())
  }

  /** Every collection that is open. */
  list (): readonly OpenCollection[] {
    return this.#open$.value
  }

  /** @throws HammingbirdError `HAMMINGBIRD_NOT_FOUND`. */
  get (name: string): OpenCollection {
    this.collections.get(name)
    const found = this.list().find(({ config }) => config.name === name)
    if (found === undefined) throw new HammingbirdError('HAMMINGBIRD_VERSION_NOT_READY', `collection ${name} is being opened: try again`)
    return found
  }

  async close (): Promise<void> {
    this.#subscription.unsubscribe()
    await this.#keep.close()
    this.#open$.complete()
    await this.collections.close()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }
}
