import { setTimeout as sleep } from 'node:timers/promises'
import type { Subscription } from 'rxjs'
import { HammingbirdError } from '../errors.js'
import type { Log } from '../log/log.js'
import { KeepOpen } from '../registry/keep-open.js'
import type { Manifest } from '../registry/manifest.js'
import type { HeldModel, ModelLoader } from '../registry/model-loader.js'
import type { OpenCollection } from '../registry/registry.js'
import { codesSpec, type TopicSettings } from '../topics/names.js'
import { codeChanges, itemChanges, labelChanges, setAsideChanges, type ReadChanges } from './changes.js'
import { covers, LagClock, isSettled } from './lag.js'
import { RateClock } from './rate.js'
import type { CollectionStore, PartitionProgress } from './store/collection-store.js'
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
const LOG_PATIENCE_MS = 2000

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
  readonly #rates = new Map<string, RateClock>()
  readonly #sampler: NodeJS.Timeout
  readonly #waiting = new Set<() => void>()
  #opening: Promise<unknown> = Promise.resolve()
  /** When the log last answered, as `performance.now` has it. */
  #heardMs = performance.now()
  /** Samples under way: a log that is away may keep them for long. */
  #sampling = 0
  /** The version that last answered for `live`. */
  #answering: string | undefined

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
    this.#sampler = setInterval(() => {
      if (this.#sampling === 0) void this.#sample()
    }, SAMPLE_MS).unref()
  }

  get name (): string {
    return this.collection.config.name
  }

  /** Resolves when every version known has its tables and its model here, or has failed to and is tried again. */
  async ready (): Promise<void> {
    await this.#opening
  }

  /**
   * The version that a name or an alias stands for here; the empty name is `live`. Where a version was promoted that this server has
   * not opened yet, the one that answered before still does: no query fails by a promotion.
   *
   * @throws HammingbirdError `…_NOT_FOUND`, `…_VERSION_RETIRED`, `…_VERSION_NOT_READY`.
   */
  resolveVersion (name: string): string {
    const { versions } = this.collection
    const asked = name === '' ? 'live' : name
    const version = versions.resolve(asked)
    if (asked === 'live' && version !== undefined) {
      if (this.isOpen(version)) this.#answering = version
      else if (this.#answering !== undefined && this.isOpen(this.#answering)) return this.#answering
    }
    if (version === undefined) {
      if (versions.state.retired.has(name)) throw new HammingbirdError('HAMMINGBIRD_VERSION_RETIRED', `version ${name} of ${this.name} was retired and its codes dropped`)
      throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `collection ${this.name} has no version or alias ${JSON.stringify(name)}`)
    }
    if (!this.store.versions().includes(version)) throw new HammingbirdError('HAMMINGBIRD_VERSION_NOT_READY', `version ${version} of ${this.name} is being opened: try again`)
    return version
  }

  /** Whether this server has a version's tables and its model. */
  isOpen (version: string): boolean {
    return this.store.versions().includes(version) && this.#models.get(version) !== undefined
  }

  /** The name the encoder knows a version's model by. @throws HammingbirdError `HAMMINGBIRD_VERSION_NOT_READY` while it is being loaded. */
  model (version: string): string {
    const held = this.#models.get(version)
    if (held === undefined) throw new HammingbirdError('HAMMINGBIRD_VERSION_NOT_READY', `the model of version ${version} of ${this.name} is being loaded: try again`)
    return held.model
  }

  /** Asks the log where it ends now, so that lag counts from this moment; while the log does not answer, what was known before must do. */
  async sample (): Promise<void> {
    await Promise.race([this.#sample(), sleep(LOG_PATIENCE_MS, undefined, { ref: false })])
  }

  /** Milliseconds since the log last answered, where that is longer than it may take; else 0. */
  logSilentMs (): number {
    const silentMs = performance.now() - this.#heardMs
    return silentMs < LOG_PATIENCE_MS ? 0 : silentMs
  }

  /** Milliseconds: the age of the oldest image not searchable under a version, by the last sample (at most a second old). */
  lagMs (version: string): number {
    return this.#lag.lagMs(this.store.progress(version), this.collection.config.partitions, Date.now())
  }

  /** Whether nothing is missing under a version that can be found here under another one. */
  isCaughtUp (version: string): boolean {
    return this.#hasPassed(version, this.#others(version))
  }

  /**
   * Resolves when all that could be found under other versions, when this was called, can be under this one; rejects with the signal's
   * reason. What the log holds and this server has not read yet counts too: it can be found elsewhere.
   */
  async caughtUp (version: string, signal: AbortSignal): Promise<void> {
    const { topics } = this.collection
    for (const topic of [topics.items, ...this.store.versions().map(topics.codes)]) await this.#read(topic, signal)
    const others = this.#others(version)
    while (!this.#hasPassed(version, others)) await this.#nextApplied(signal)
  }

  /** Images a second that a version has lately been given codes of, or refused. */
  imagesPerSecond (version: string): number {
    return this.#rates.get(version)?.perSecond() ?? 0
  }

  /** Resolves when the message at a position of C.images is settled under a version; rejects with the signal's reason. */
  async settled (version: string, position: { readonly partition: number, readonly offset: number }, signal: AbortSignal | undefined): Promise<void> {
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

  #others (version: string) {
    return this.store.versions().filter(other => other !== version).map(other => this.store.progress(other))
  }

  /** Where others have no progress, as after a restore, there is nothing to measure by: then no image may wait. */
  #hasPassed (version: string, others: readonly ReadonlyMap<number, PartitionProgress>[]): boolean {
    const { partitions } = this.collection.config
    const measured = Array.from({ length: partitions }, (_, partition) => others.some(progress => (progress.get(partition)?.size ?? 0) > 0)).every(Boolean)
    return covers(this.store.progress(version), others) && (measured || this.store.counts(version).waiting === 0)
  }

  /** Resolves when a topic is read to where it ended when this was called. */
  async #read (topic: string, signal: AbortSignal): Promise<void> {
    const ends = await this.#options.log.ends(topic)
    for (;;) {
      const positions = await this.store.positions(topic)
      if (ends.every((end, partition) => end === 0 || (positions.get(partition)?.next ?? 0) >= end)) return
      await this.#nextApplied(signal)
    }
  }

  #nextApplied (signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error)
        return
      }
      const wake = (): void => {
        signal?.removeEventListener('abort', abort)
        resolve()
      }
      const abort = (): void => {
        this.#waiting.delete(wake)
        reject(signal!.reason as Error)
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#waiting.add(wake)
    })
  }

  async #sample (): Promise<void> {
    const { log, collection: { topics, config }, store } = this.#options
    for (const version of store.versions()) {
      const { coded, setAside } = store.counts(version)
      const rate = this.#rates.get(version) ?? new RateClock()
      this.#rates.set(version, rate)
      rate.sample(coded + setAside, Date.now())
    }
    for (const version of this.#rates.keys()) if (!store.versions().includes(version)) this.#rates.delete(version)
    this.#sampling++
    try {
      const ends = await log.ends(topics.images)
      this.#heardMs = performance.now()
      this.#lag.sample(ends, Date.now())
      this.#lag.forget(store.versions().map(version => store.progress(version)), config.partitions)
    } catch {
      // The log does not answer: what is known of its ends stays, and the readers tell of the outage.
    } finally {
      this.#sampling--
    }
  }
}
