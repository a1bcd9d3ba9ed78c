import { BehaviorSubject, type Observable } from 'rxjs'
import { HammingbirdError, invalid } from '../errors.js'
import { assertBits } from '../hamming/code.js'
import type { Log, LogRecord } from '../log/log.js'
import { CollectionRecord } from '../proto/gen/hammingbird/v1/log.js'
import { COLLECTIONS, collectionSpecs, collectionsSpec, fillingSpec, topicsOf, type TopicSettings } from '../topics/names.js'
import { Follower } from './follow.js'

/** A collection as it was made: nothing of it ever changes. */
export interface CollectionConfig {
  readonly name: string
  /** Width of the codes of version 0. */
  readonly bits: number
  /** Of items, labels and codes. */
  readonly partitions: number
  /** Largest image file. */
  readonly imageBytes: number
  /** Most pixels of an image, by its header. */
  readonly imagePixels: number
  /** Unix time. */
  readonly createdAtMs: number
}

export const DEFAULT_COLLECTION = 'default'
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/
export const DEFAULT_BITS = 64
const DEFAULT_PARTITIONS = { embedded: 1, kafka: 4 }
const MOST_PARTITIONS = 1024
const LARGEST = { imageBytes: 16 * 1024 * 1024, imagePixels: 100_000_000 }

/** What a caller may leave out or set to 0, to have the default. */
export type CollectionWish = { readonly name: string } & Partial<Omit<CollectionConfig, 'name' | 'createdAtMs'>>

/**
 * The collections there are: read from a topic of their own, so that every process knows the same ones, and those made
 * while it runs.
 */
export class Collections implements AsyncDisposable {
  /** All collections in order of name: at once, and after each change. */
  readonly all$: Observable<readonly CollectionConfig[]>
  readonly #all: BehaviorSubject<readonly CollectionConfig[]>
  readonly #log: Log
  readonly #settings: Partial<TopicSettings>
  readonly #byName = new Map<string, CollectionConfig>()
  #follower!: Follower

  /**
   * @param reader who reads: distinct among the processes of one deployment.
   * @param settings retention of the topics of collections made here, where it is not the default.
   */
  static async open (log: Log, reader: string, settings: Partial<TopicSettings> = {}): Promise<Collections> {
    await log.createTopic(collectionsSpec)
    const collections = new Collections(log, settings)
    collections.#follower = await Follower.open({
      log,
      reader,
      topic: COLLECTIONS,
      fold: record => { collections.#fold(record) },
      folded: () => { collections.#all.next(collections.list()) }
    })
    return collections
  }

  private constructor (log: Log, settings: Partial<TopicSettings>) {
    this.#log = log
    this.#settings = settings
    this.#all = new BehaviorSubject<readonly CollectionConfig[]>([])
    this.all$ = this.#all.asObservable()
  }

  list (): readonly CollectionConfig[] {
    return [...this.#byName.values()].sort((a, b) => a.name < b.name ? -1 : 1)
  }

  /** @throws HammingbirdError `HAMMINGBIRD_NOT_FOUND`. */
  get (name: string): CollectionConfig {
    const config = this.#byName.get(name)
    if (config === undefined) throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `there is no collection ${JSON.stringify(name)}: create it first`)
    return config
  }

  /** Makes a collection and its topics. One that is there with the same settings is given back. */
  async create (wish: CollectionWish): Promise<CollectionConfig> {
    const config = this.#compile(wish)
    const there = this.#byName.get(config.name)
    if (there !== undefined) {
      if (JSON.stringify({ ...there, createdAtMs: 0 }) === JSON.stringify({ ...config, createdAtMs: 0 })) return there
      throw new HammingbirdError('HAMMINGBIRD_ALREADY_EXISTS', `collection ${config.name} is there with other settings: ${differences(there, config)}`)
    }
    if (await this.#log.describeTopic(fillingSpec(config.name).name) !== undefined) await this.#drop(config.name)
    await this.#makeTopics(config)
    return this.#register(config)
  }

  /**
   * Makes a collection that is known when `fill` has filled its topics, and not before: of one that was broken off nothing
   * is left that counts, and it can be done again. Topics of the name that no collection owns are deleted first.
   *
   * @param keepImages C.images is not deleted: it may be a producer's. @default false
   * @throws HammingbirdError `HAMMINGBIRD_ALREADY_EXISTS` for a name that is taken, and what `fill` throws.
   */
  async createFilled (wish: CollectionWish, fill: (config: CollectionConfig) => Promise<void>, { keepImages = false }: { readonly keepImages?: boolean } = {}): Promise<CollectionConfig> {
    const config = this.#compile(wish)
    const { name } = config
    if (this.#byName.has(name)) throw new HammingbirdError('HAMMINGBIRD_ALREADY_EXISTS', `collection ${name} is there: nothing was written to it`)
    await this.#drop(name, keepImages)
    await this.#log.createTopic(fillingSpec(name))
    await this.#makeTopics(config)
    await fill(config)
    const made = await this.#register(config)
    await this.#log.deleteTopic(fillingSpec(name).name)
    return made
  }

  /** Makes it unknown everywhere, then deletes its topics. @throws HammingbirdError `HAMMINGBIRD_NOT_FOUND`. */
  async delete (name: string): Promise<void> {
    this.get(name)
    await this.#append(name, null)
    await this.#drop(name)
  }

  /** What the topics of a collection were made with. */
  topicSettings (config: CollectionConfig): TopicSettings {
    return { ...this.#settings, partitions: config.partitions, imageBytes: config.imageBytes }
  }

  async close (): Promise<void> {
    await this.#follower.close()
    this.#all.complete()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  #compile (wish: CollectionWish): CollectionConfig {
    if (!NAME.test(wish.name)) throw invalid('collection.name', `1 to 63 of a-z, 0-9 and hyphens, not a hyphen first; got ${JSON.stringify(wish.name)}`)
    const { imageBytes, imagePixels } = LARGEST
    const config: CollectionConfig = {
      name: wish.name,
      bits: wish.bits || DEFAULT_BITS,
      partitions: wish.partitions || DEFAULT_PARTITIONS[this.#log.kind],
      imageBytes: wish.imageBytes || imageBytes,
      imagePixels: wish.imagePixels || imagePixels,
      createdAtMs: Date.now()
    }
    try {
      assertBits(config.bits)
    } catch (err) {
      throw invalid('collection.bits', (err as Error).message)
    }
    if (config.partitions > MOST_PARTITIONS) throw invalid('collection.partitions', `at most ${MOST_PARTITIONS}, got ${config.partitions}`)
    if (config.imageBytes > imageBytes) throw invalid('collection.limits.image_bytes', `at most ${imageBytes}, got ${config.imageBytes}`)
    if (config.imagePixels > imagePixels) throw invalid('collection.limits.image_pixels', `at most ${imagePixels}, got ${config.imagePixels}`)
    return config
  }

  async #makeTopics (config: CollectionConfig): Promise<void> {
    for (const spec of collectionSpecs(config.name, { ...this.#settings, ...config })) await this.#log.createTopic(spec)
  }

  async #register ({ name, ...fields }: CollectionConfig): Promise<CollectionConfig> {
    await this.#append(name, Buffer.from(CollectionRecord.encode(fields).finish()))
    return this.get(name)
  }

  async #drop (name: string, keepImages = false): Promise<void> {
    const { images, items, labels, setAside, models, artifacts } = topicsOf(name)
    const codes = (await this.#log.listTopics()).filter(topic => topic.startsWith(topicsOf(name).codes('v')))
    // What says that they are to go goes last.
    for (const topic of [...keepImages ? [] : [images], items, labels, setAside, models, artifacts, ...codes, fillingSpec(name).name]) await this.#log.deleteTopic(topic)
  }

  async #append (name: string, value: Buffer | null): Promise<void> {
    const [position] = await this.#log.append([{ topic: COLLECTIONS, partition: 0, key: Buffer.from(name), value }])
    await this.#follower.reached(position!.offset + 1)
  }

  #fold ({ key, value }: LogRecord): void {
    const name = key!.toString('utf8')
    if (value === null) this.#byName.delete(name)
    else this.#byName.set(name, { name, ...CollectionRecord.decode(value) })
  }
}

/** `bits 128, not 64`: what one has, not what the other asks for. */
function differences (there: CollectionConfig, wanted: CollectionConfig): string {
  const names = { bits: 'bits', partitions: 'partitions', imageBytes: 'image bytes', imagePixels: 'image pixels' } as const
  const fields = Object.keys(names) as (keyof typeof names)[]
  return fields.filter(field => there[field] !== wanted[field]).map(field => `${names[field]} ${there[field]}, not ${wanted[field]}`).join('; ')
}
