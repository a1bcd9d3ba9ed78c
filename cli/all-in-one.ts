import { DecoderPool } from '../decoder/pool.js'
import { manifestV0 } from '../encoder/classical.js'
import type { Encoder } from '../encoder/encoder.js'
import { EncoderPool } from '../encoder/pool.js'
import type { GrpcServer } from '../index-server/server.js'
import type { IndexServer } from '../index-server/serve.js'
import { EmbeddedLog } from '../log/embedded-log.js'
import { Pipeline } from '../pipeline/run.js'
import type { FolderCounts } from '../pipeline/sources/folder.js'
import { DEFAULT_COLLECTION, type CollectionWish } from '../registry/collections.js'
import { ModelLoader } from '../registry/model-loader.js'
import { Registry } from '../registry/registry.js'
import type { Logger } from '../telemetry/logger.js'
import { INDEX_MEMORY_MIB, openAnswering } from './answering.js'
import type { DataDirectory } from './data-directory.js'
import { Resources } from './resources.js'
import type { ProgressFacts } from './up-progress.js'

export interface AllInOneOptions {
  readonly data: DataDirectory
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** What the default collection is made with, when it is not there yet. */
  readonly collection: Omit<CollectionWish, 'name'>
  /** Whether canonical pictures are kept, for people to see. */
  readonly pictures: boolean
  /** @default one a core */
  readonly decoders?: number
  /** Versions are searched in memory while they fit into so much, else on disk. @default 2 GiB */
  readonly indexMemoryBytes?: number
  readonly release: string
  readonly logger: Logger
  /** Puts something before the encoder of the pipeline, for tests that slow it down. @default nothing */
  readonly slowed?: (encoder: Encoder) => Encoder
}

/**
 * Everything on one machine, in one process and its workers: the embedded log, the pipeline, the tables, gRPC. Opened from
 * the log outwards, closed the other way, so that nothing ever talks to what is gone.
 */
export class AllInOne implements AsyncDisposable {
  private constructor (
    readonly log: EmbeddedLog,
    readonly registry: Registry,
    readonly pipeline: Pipeline,
    readonly indexServer: IndexServer,
    readonly grpc: GrpcServer,
    readonly close: () => Promise<void>
  ) {}

  /** @throws HammingbirdError `HAMMINGBIRD_LOCKED` when another process has the data directory, `…_ADDRESS_IN_USE`. */
  static async open (options: AllInOneOptions): Promise<AllInOne> {
    const { data, collection, decoders, logger, indexMemoryBytes = INDEX_MEMORY_MIB * 2 ** 20, slowed = encoder => encoder } = options
    const resources = new Resources()
    const failed = (err: unknown, name: string): void => { logger.warn({ err, part: name }, `${name}: failed, trying again`) }
    try {
      const log = resources.keep(await EmbeddedLog.open({ directory: data.log }))
      const decoder = resources.keep(await DecoderPool.open(decoders === undefined ? {} : { workers: decoders }))
      const encoder = resources.keep(await EncoderPool.open({ computes: sentence => { logger.info(`encoder: ${sentence}`) } }))
      const models = new ModelLoader({ log, encoder, directory: data.models, reader: 'here' })
      const registry = resources.keep(await Registry.open({ log, reader: 'here', builtIn: manifestV0, failed }))
      await registry.collections.create({ ...collection, name: DEFAULT_COLLECTION })
      await registry.refresh()
      const { indexServer, grpc } = await openAnswering({ ...options, resources, log, registry, decoder, encoder, models, serverId: 'here', indexMemoryBytes, neededBy, failed })
      const pipeline = resources.keep(new Pipeline({ log, registry, decoder, encoder: slowed(encoder), models, failed }))
      return new AllInOne(log, registry, pipeline, indexServer, grpc, () => resources.close())
    } catch (err) {
      await resources.close()
      throw err
    }
  }

  /** Where the default collection stands, for a line of progress. */
  async facts (folders: readonly FolderCounts[]): Promise<ProgressFacts> {
    const served = this.indexServer.served('')
    const live = served.resolveVersion('')
    const { coded, waiting } = served.store.counts(live)
    return { folders, coded, waiting, setAside: served.store.setAsideCount, lagMs: served.lagMs(live) }
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }
}

/** `up` puts folders into its default collection and makes it when it starts: deleted under its hands, it would be half there. */
function neededBy (name: string): string | undefined {
  return name === DEFAULT_COLLECTION ? `this server fills the collection ${name} while it runs: stop it and remove its data directory to start anew, or delete images: hammingbird delete IDS` : undefined
}
