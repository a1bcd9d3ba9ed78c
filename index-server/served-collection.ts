import type { Subscription } from 'rxjs'
import { HammingbirdError } from '../errors.js'
import type { Log } from '../log/log.js'
import { KeepOpen } from '../registry/keep-open.js'
import type { Manifest } from '../registry/manifest.js'
import type { HeldModel, ModelLoader } from '../registry/model-loader.js'
import type { OpenCollection } from '../registry/registry.js'
import { codesSpec, type TopicSettings } from '../topics/names.js'
import { codeChanges, itemChanges, labelChanges, setAsideChanges, type ReadChanges } from './changes.js'
import { LagClock, isSettled } from './lag.js'
import type { CollectionStore } from './store/collection-store.js'
import { TopicReader } from './topic-reader.js'

export interface ServedCollectionOptions {
  readonly log: Log
  /** Names this server among those of one deployment. */
  readonly serverId: string
  readonly collection: OpenCollection
  readonly store: CollectionStore
  readonly models: ModelLoader
  readonly topicSettings: TopicSettings
  /** Whether canonical pictures are kept, for people to see. */
  readonly pictures: boolean
  readonly failed: (err: unknown, name: string) => void
}

const SAMPLE_MS = 1000

/** One collection as this server serves it: its store, and the readers that keep it up with the log. */
export class ServedCollection implements AsyncDisposable {
  readonly collection: OpenCollection
  readonly store: CollectionStore
  readonly #options: ServedCollectionOptions
  readonly #readers: readonly TopicReader[]
  readonly #codes: KeepOpen<Manifest, TopicReader>
  readonly #models: KeepOpen<Manifest, HeldModel>
  readonly #subscription: Subscription
  readonly #lag = new LagClock()
  readonly #sampler: NodeJS.Timeout
  readonly #waiting = new Set<() => void>()
  #opening: Promise<unknown> = Promise.resolve()

  constructor (options: ServedCollectionOptions) {
    const { collection, store, models, log, pictures, topicSettings, failed } = options
    const { topics, config, versions } = collection
    this.#options = options
    this.collection = collection
    this.store = store
    this.#readers = [
      this.#reader(topics.items, itemChanges(pictures)),
      this.#reader(topics.labels, labelChanges),
      this.#reader(topics.setAside, setAsideChanges)
    ]
    this.#codes = new KeepOpen<Manifest, TopicReader>({
      key: ({ version }) => version,
      failed,
      open: async ({ version, bits }) => {
        await log.createTopic(codesSpec(config.name, version, topicSettings))
        await store.addVersion(version, bits)
        return this.#reader(topics.codes(version), codeChanges(version))
      },
      gone: version => store.dropVersion(version)
    })
    this.#models = new KeepOpen<Manifest, HeldModel>({
      key: ({ version }) => version,
      failed,
      open: manifest => models.hold(collection, manifest)
    })
    this.#subscription = versions.state$.subscribe(({ manifests }) => {
      const wanted = [...manifests.values()]
      this.#opening = Promise.all([this.#codes.want(wanted), this.#models.want(wanted)])
    })
    this.#sampler = setInterval(() => { void this.#sample() }, SAMPLE_MS).unref()
  }

  get name (): string {
    return this.collection.config.name
  }

  /** Resolves when every version known has its tables and its model here, or has failed to and is tried again. */
  async ready (): Promise<void> {
    await this.#opening
  }

  /** The version that a name or an alias stands for here. @throws HammingbirdError `…_NOT_FOUND`, `…_VERSION_RETIRED`, `…_VERSION_NOT_READY`. */
  resolveVersion (name: string): string {
    const { versions } = this.collection
    const version = versions.resolve(name === '' ? 'live' : name)
    if (version === undefined) {
      if (versions.state.retired.has(name)) throw new HammingbirdError('HAMMINGBIRD_VERSION_RETIRED', `version ${name} of ${this.name} was retired and its codes dropped`)
      throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `collection ${this.name} has no version or alias ${JSON.stringify(name)}`)
    }
    if (!this.store.versions().includes(version)) throw new HammingbirdError('HAMMINGBIRD_VERSION_NOT_READY', `version ${version} of ${this.name} is being opened: try again`)
    return version
  }

  /** The name the encoder knows a version's model by. @throws HammingbirdError `HAMMINGBIRD_VERSION_NOT_READY` while it is being loaded. */
  model (version: string): string {
    const held = this.#models.get(version)
    if (held === undefined) throw new HammingbirdError('HAMMINGBIRD_VERSION_NOT_READY', `the model of version ${version} of ${this.name} is being loaded: try again`)
    return held.model
  }

  /** Milliseconds: the age of the oldest image not searchable under a version. */
  async lagMs (version: string): Promise<number> {
    await this.#sample()
    return this.#lag.lagMs(this.store.progress(version), this.collection.config.partitions, Date.now())
  }

  /** Resolves when the message at a position of C.images is settled under a version; rejects with the signal's reason. */
  async settled (version: string, position: { readonly partition: number, readonly offset: number }, signal: AbortSignal): Promise<void> {
    while (!isSettled(position.partition, position.offset + 1, this.store.progress(version), this.collection.config.partitions)) {
      await this.#nextApplied(signal)
    }
  }

  /** Topics that are not read any more, and why. */
  stopped (): readonly { readonly topic: string, readonly error: HammingbirdError }[] {
    return [...this.#readers, ...this.#codes.values()].flatMap(({ topic, stopped }) => stopped === undefined ? [] : [{ topic, error: stopped }])
  }

  async close (): Promise<void> {
    clearInterval(this.#sampler)
    this.#subscription.unsubscribe()
    await Promise.all([this.#codes.close(), this.#models.close(), ...this.#readers.map(reader => reader.close())])
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  #reader (topic: string, changes: ReadChanges): TopicReader {
    const { log, serverId, store, failed } = this.#options
    return new TopicReader({
      log,
      topic,
      store,
      changes,
      failed,
      reader: `${serverId}.${topic}`,
      applied: () => {
        for (const wake of this.#waiting) wake()
        this.#waiting.clear()
      }
    })
  }

  #nextApplied (signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error)
        return
      }
      const wake = (): void => {
        signal.removeEventListener('abort', abort)
        resolve()
      }
      const abort = (): void => {
        this.#waiting.delete(wake)
        reject(signal.reason as Error)
      }
      signal.addEventListener('abort', abort, { once: true })
      this.#waiting.add(wake)
    })
  }

  async #sample (): Promise<void> {
    const { log, collection: { topics, config }, store } = this.#options
    try {
      this.#lag.sample(await log.ends(topics.images), Date.now())
      this.#lag.forget(store.versions().map(version => store.progress(version)), config.partitions)
    } catch {
      // The log does not answer: what is known of its ends stays, and the readers tell of the outage.
    }
  }
}
