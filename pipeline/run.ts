import { type Subscription } from 'rxjs'
import type { Decoder } from '../decoder/decoder.js'
import type { Encoder, Lane } from '../encoder/encoder.js'
import type { Log } from '../log/log.js'
import { KeepOpen } from '../registry/keep-open.js'
import type { Manifest } from '../registry/manifest.js'
import type { ModelLoader } from '../registry/model-loader.js'
import type { OpenCollection, Registry } from '../registry/registry.js'
import { codesSpec } from '../topics/names.js'
import { encode, type EncodeLimits } from './encode.js'
import { ingest, type IngestLimits } from './ingest.js'
import { Stage } from './stage.js'

export interface PipelineOptions {
  readonly log: Log
  readonly registry: Registry
  readonly decoder: Decoder
  readonly encoder: Encoder
  readonly models: ModelLoader
  readonly ingest?: Partial<IngestLimits>
  readonly encode?: Partial<EncodeLimits>
  /** A pipeline that gives no sign for this long loses its partitions to others. @default the log's */
  readonly sessionTimeoutMs?: number
  /** Told of every failure of a stage, before it is tried again. */
  readonly failed: (err: unknown, name: string) => void
}

const INGEST: IngestLimits = { inFlight: 512, inFlightBytes: 64 * 1024 * 1024, decodeBatch: 32, decodesAtOnce: 4 }
const ENCODE: EncodeLimits = { inFlight: 1024, inFlightBytes: 32 * 1024 * 1024, batch: 128, batchesAtOnce: 3 }

/**
 * Runs the graphs ingest and encode of every collection and version there is, as they come and go. Any number of
 * pipelines share the work: they are members of the same groups.
 */
export class Pipeline implements AsyncDisposable {
  readonly #collections: KeepOpen<OpenCollection, CollectionPipeline>
  readonly #subscription: Subscription

  constructor (options: PipelineOptions) {
    this.#collections = new KeepOpen<OpenCollection, CollectionPipeline>({
      key: ({ config }) => `${config.name} ${config.createdAtMs}`,
      open: async collection => new CollectionPipeline(options, collection),
      failed: options.failed
    })
    this.#subscription = options.registry.open$.subscribe(collections => { void this.#collections.want(collections) })
  }

  /** Every stage that runs, with what it has settled and whether it has stopped for good. */
  stages (): readonly Stage[] {
    return this.#collections.values().flatMap(collection => collection.stages())
  }

  /** Finishes what is in flight. */
  async close (): Promise<void> {
    this.#subscription.unsubscribe()
    await this.#collections.close()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }
}

/** The graphs of one collection: one ingest, and one encode a version. */
class CollectionPipeline implements AsyncDisposable {
  readonly #ingest: Stage
  readonly #encodes: KeepOpen<Manifest, AsyncDisposable & { readonly stage: Stage }>
  readonly #subscription: Subscription

  constructor ({ log, registry, decoder, encoder, models, failed, sessionTimeoutMs, ...limits }: PipelineOptions, collection: OpenCollection) {
    const { config, topics, versions } = collection
    this.#ingest = new Stage({
      name: `ingest ${config.name}`,
      log,
      group: topics.ingestGroup,
      topic: topics.images,
      sessionTimeoutMs,
      failed,
      graph: (claim, drain) => ingest({ claim, decoder, collection, limits: { ...INGEST, ...limits.ingest }, drain })
    })
    this.#encodes = new KeepOpen<Manifest, AsyncDisposable & { readonly stage: Stage }>({
      key: ({ version }) => version,
      failed,
      open: async manifest => {
        const { version } = manifest
        await log.createTopic(codesSpec(config.name, version, registry.collections.topicSettings(config)))
        const held = await models.hold(collection, manifest)
        const { model } = held
        const stage = new Stage({
          name: `encode ${config.name} ${version}`,
          log,
          group: topics.encodeGroup(version),
          topic: topics.items,
          sessionTimeoutMs,
          failed,
          graph: (claim, drain) => encode({ claim, decoder, encoder, manifest, model, lane: () => laneOf(version, versions.state.aliases), topics, limits: { ...ENCODE, ...limits.encode }, drain })
        })
        return {
          stage,
          async [Symbol.asyncDispose] () {
            await stage.close()
            await held[Symbol.asyncDispose]()
          }
        }
      }
    })
    this.#subscription = versions.state$.subscribe(({ manifests }) => { void this.#encodes.want([...manifests.values()]) })
  }

  stages (): readonly Stage[] {
    return [this.#ingest, ...this.#encodes.values().map(({ stage }) => stage)]
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    this.#subscription.unsubscribe()
    await Promise.all([this.#ingest.close(), this.#encodes.close()])
  }
}

/** Who waits for a version's codes: those who search it now, those who may roll back to it, or nobody yet. */
function laneOf (version: string, aliases: ReadonlyMap<string, string>): Lane {
  if (aliases.get('live') === version) return 'live'
  return aliases.get('previous') === version ? 'previous' : 'backfill'
}
