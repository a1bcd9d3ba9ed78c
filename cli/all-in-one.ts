import { DecoderPool } from '../decoder/pool.js'
import { manifestV0 } from '../encoder/classical.js'
import type { Encoder } from '../encoder/encoder.js'
import { EncoderPool } from '../encoder/pool.js'
import { GrpcServer } from '../index-server/server.js'
import { IndexEngine } from '../index-server/engine/index-engine.js'
import { IndexServer } from '../index-server/serve.js'
import { StoreDirectory } from '../index-server/store/store-directory.js'
import { RocksKeyValue } from '../kv/rocks.js'
import { EmbeddedLog } from '../log/embedded-log.js'
import { Pipeline } from '../pipeline/run.js'
import { DEFAULT_COLLECTION, type CollectionWish } from '../registry/collections.js'
import { ModelLoader } from '../registry/model-loader.js'
import { Registry } from '../registry/registry.js'
import type { FolderCounts } from '../pipeline/sources/folder.js'
import type { Logger } from '../telemetry/logger.js'
import type { DataDirectory } from './data-directory.js'
import type { ProgressFacts } from './up-progress.js'
import { workerStatus } from './worker-status.js'

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
  readonly release: string
  readonly logger: Logger
  /** Puts something before the encoder, for tests that slow it down. @default nothing */
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
    readonly engine: IndexEngine,
    readonly grpc: GrpcServer,
    readonly close: () => Promise<void>
  ) {}

  /** @throws HammingbirdError `HAMMINGBIRD_LOCKED` when another process has the data directory, `…_ADDRESS_IN_USE`. */
  static async open ({ data, host, port, collection, pictures, decoders, release, logger, slowed = encoder => encoder }: AllInOneOptions): Promise<AllInOne> {
    const opened: AsyncDisposable[] = []
    const keep = <T extends AsyncDisposable>(resource: T): T => {
      opened.push(resource)
      return resource
    }
    let closing: Promise<void> | undefined
    const close = (): Promise<void> => closing ??= (async () => {
      for (const resource of opened.reverse()) await resource[Symbol.asyncDispose]()
    })()
    const failed = (err: unknown, name: string): void => { logger.warn({ err, part: name }, `${name}: failed, trying again`) }

    try {
      const log = keep(await EmbeddedLog.open({ directory: data.log }))
      const kv = keep(await RocksKeyValue.open({ directory: data.index, cacheBytes: 128 * 2 ** 20, writeBufferBytes: 32 * 2 ** 20 }))
      const store = keep(await StoreDirectory.open(kv, { failed: err => { failed(err, 'dropping what was deleted') } }))
      const decoder = keep(await DecoderPool.open(decoders === undefined ? {} : { workers: decoders }))
      const encoder = keep(await EncoderPool.open({}))
      const models = new ModelLoader({ log, encoder, directory: data.models, reader: 'here' })
      const registry = keep(await Registry.open({ log, reader: 'here', builtIn: manifestV0, failed }))
      await registry.collections.create({ ...collection, name: DEFAULT_COLLECTION })
      await registry.refresh()
      const indexServer = keep(await IndexServer.open({ log, registry, store, models, serverId: 'here', pictures, failed }))
      const pipeline = keep(new Pipeline({ log, registry, decoder, encoder: slowed(encoder), models, failed }))
      const engine = new IndexEngine({ log, registry, decoder, encoder, models, serverId: 'here', scratch: data.scratch, served: name => indexServer.served(name), opened: name => indexServer.opened(name) }, { release, startedAtMs: Date.now(), workers: () => [
        workerStatus('decoder', decoder.status(), ''),
        workerStatus('encoder', encoder.status(), '')
      ] })
      const grpc = keep(await GrpcServer.open({ engine, log: logger, host, port }))
      return new AllInOne(log, registry, pipeline, indexServer, engine, grpc, close)
    } catch (err) {
      await close()
      throw err
    }
  }

  /** Where the default collection stands, for a line of progress. */
  async facts (folders: readonly FolderCounts[]): Promise<ProgressFacts> {
    const served = this.indexServer.served('')
    const live = served.resolveVersion('')
    const { coded, waiting } = served.store.counts(live)
    return { folders, coded, waiting, setAside: served.store.setAsideCount, lagMs: await served.lagMs(live) }
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }
}
