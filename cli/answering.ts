import { availableParallelism } from 'node:os'
import type { DecoderPool } from '../decoder/pool.js'
import { EncoderPool } from '../encoder/pool.js'
import { IndexEngine } from '../index-server/engine/index-engine.js'
import { GrpcServer } from '../index-server/server.js'
import { IndexServer } from '../index-server/serve.js'
import { hotCodes } from '../index-server/store/hot-tier/hot-codes.js'
import { Threads } from '../index-server/store/hot-tier/threads.js'
import { StoreDirectory } from '../index-server/store/store-directory.js'
import { RocksKeyValue } from '../kv/rocks.js'
import type { Log } from '../log/log.js'
import type { ModelLoader } from '../registry/model-loader.js'
import type { Registry } from '../registry/registry.js'
import type { Logger } from '../telemetry/logger.js'
import type { DataDirectory } from './data-directory.js'
import type { Resources } from './resources.js'
import { workerStatus } from './worker-status.js'

export interface AnsweringOptions {
  /** Closes what is opened here. */
  readonly resources: Resources
  readonly log: Log
  readonly registry: Registry
  readonly decoder: DecoderPool
  readonly encoder: EncoderPool
  readonly models: ModelLoader
  readonly data: DataDirectory
  /** Names this server among those of one deployment. */
  readonly serverId: string
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Whether canonical pictures are kept, for people to see. */
  readonly pictures: boolean
  /** Versions are searched in memory while they fit into so much, else on disk. */
  readonly indexMemoryBytes: number
  /** Why a collection cannot be deleted now. @default each can */
  readonly neededBy?: (name: string) => string | undefined
  readonly release: string
  readonly logger: Logger
  readonly failed: (err: unknown, name: string) => void
}

export interface Answering {
  readonly indexServer: IndexServer
  readonly grpc: GrpcServer
}

/** How much memory versions may take where nobody says: a quarter of what most machines have to spare. */
export const INDEX_MEMORY_MIB = 2048

/** Opens what answers: the tables, in memory where they fit, kept up with the log; the engine; gRPC. */
export async function openAnswering ({ resources, log, registry, decoder, encoder, models, data, serverId, host, port, pictures, indexMemoryBytes, neededBy, release, logger, failed }: AnsweringOptions): Promise<Answering> {
  const kv = resources.keep(await RocksKeyValue.open({ directory: data.index, cacheBytes: 128 * 2 ** 20, writeBufferBytes: 32 * 2 ** 20 }))
  const threads = resources.keep(Threads.open(Math.max(1, availableParallelism() - 1)))
  const store = resources.keep(await StoreDirectory.open(kv, {
    failed: err => { failed(err, 'dropping what was deleted') },
    freed: bytes => { logger.info({ freedMiB: Math.round(bytes / 2 ** 20) }, 'what was dropped is gone from the disk') },
    openCodes: hotCodes({
      threads,
      memoryBytes: indexMemoryBytes,
      onProgress: ({ collection, version, loaded, count }) => { if (loaded === count || loaded % 1_000_000 < 1024) logger.info({ collection, version, loaded, count }, 'codes loaded into memory') },
      onMergeError: err => { failed(err, 'merging codes') }
    })
  }))
  const indexServer = resources.keep(await IndexServer.open({ log, registry, store, models, serverId, pictures, failed }))
  const engine = new IndexEngine({
    log, registry, decoder, encoder, models, serverId, neededBy,
    probe: (manifest, directory) => EncoderPool.probe(manifest, directory),
    scratch: data.scratch,
    served: name => indexServer.served(name),
    opened: name => indexServer.opened(name)
  }, {
    release,
    startedAtMs: Date.now(),
    workers: () => [workerStatus('decoder', decoder.status(), ''), workerStatus('encoder', encoder.status(), [...new Set(encoder.backends().values())].join(', '))]
  })
  const grpc = resources.keep(await GrpcServer.open({ engine, log: logger, host, port }))
  return { indexServer, grpc }
}
