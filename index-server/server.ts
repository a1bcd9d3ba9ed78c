import { logVerbosity, Server, ServerCredentials, setLogVerbosity, type ServerOptions, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js'
import { AdminServiceService } from '../proto/gen/hammingbird/v1/admin.js'
import { CatalogServiceService } from '../proto/gen/hammingbird/v1/catalog.js'
import { CollectionServiceService } from '../proto/gen/hammingbird/v1/collection.js'
import { ModelServiceService } from '../proto/gen/hammingbird/v1/model.js'
import { SetAsideServiceService } from '../proto/gen/hammingbird/v1/set_aside.js'
import { WatchServiceService } from '../proto/gen/hammingbird/v1/watch.js'
import { addressOf, refusalOf } from './address.js'
import type { Engine } from './engine.js'
import { adminService } from './service/admin.js'
import { Calls } from './service/calls.js'
import { catalogService } from './service/catalog.js'
import { collectionService } from './service/collection.js'
import { Health } from './service/health.js'
import { modelService } from './service/model.js'
import { keepStreamsYoung } from './service/open-streams.js'
import { addReflection } from './service/reflection.js'
import { searchDefinition, searchService } from './service/search.js'
import { setAsideService } from './service/set-aside.js'
import type { ServiceLog } from './service/status.js'
import { watchService } from './service/watch.js'

export interface GrpcServerOptions {
  /** Outlives the server: who opened it closes it, afterwards. */
  readonly engine: Engine
  /** Where causes go that callers do not see. */
  readonly log: ServiceLog
  /** @default '127.0.0.1' */
  readonly host?: string
  /** 0: any that is free. @default 4242 */
  readonly port?: number
  /** @default no TLS */
  readonly credentials?: ServerCredentials
  /** How long `close` waits for calls in hand before it ends them. @default 10 s */
  readonly drainMs?: number
  /** A connection without calls is closed after this: health probes and forgotten clients leave theirs open. @default 5 minutes */
  readonly maxConnectionIdleMs?: number
  /** A connection is asked to end after this, so that a load balancer can spread clients anew. @default never */
  readonly maxConnectionAgeMs?: number
  /** How often a silent connection is asked whether it is still there. @default 60 s */
  readonly keepaliveMs?: number
}

/** A whole image of 16 MiB, and room for what is said of it. */
export const MAX_MESSAGE_BYTES = 17 * 1024 * 1024
const KEEPALIVE_TIMEOUT_MS = 20_000
/** How long the calls that `close` ends may take to tell their callers. */
const LAST_WORDS_MS = 500

/** Answers gRPC for an engine: hammingbird.v1, health and reflection. */
export class GrpcServer implements AsyncDisposable {
  readonly #server: Server
  readonly #calls: Calls
  readonly #health: Health
  readonly #drainMs: number
  #closing: Promise<void> | undefined

  private constructor (server: Server, calls: Calls, health: Health, drainMs: number, readonly address: string, readonly port: number) {
    this.#server = server
    this.#calls = calls
    this.#health = health
    this.#drainMs = drainMs
  }

  /** @throws HammingbirdError `HAMMINGBIRD_ADDRESS_IN_USE` when something listens there, `HAMMINGBIRD_INVALID` for an address this machine does not have. */
  static async open (options: GrpcServerOptions): Promise<GrpcServer> {
    const { engine, log, host = '127.0.0.1', port = 4242, credentials = ServerCredentials.createInsecure(), drainMs = 10_000 } = options
    // What grpc-js prints it also reports as an error; who debugs it sets GRPC_VERBOSITY.
    if (process.env['GRPC_VERBOSITY'] === undefined) setLogVerbosity(logVerbosity.NONE)
    const server = new Server(grpcOptions(options))
    const calls = new Calls(log)
    const health = new Health()

    const add = (definition: ServiceDefinition, service: UntypedServiceImplementation, built = true) => {
      server.addService(definition, service)
      health.set(Object.values(definition)[0]!.path.split('/')[1]!, built)
    }
    add(searchDefinition, searchService(engine, calls))
    add(CatalogServiceService, catalogService(engine, calls))
    add(CollectionServiceService, collectionService(engine, calls))
    add(SetAsideServiceService, setAsideService(engine, calls))
    add(WatchServiceService, watchService(engine, calls), engine.watches !== undefined)
    add(ModelServiceService, modelService(engine, calls), engine.models !== undefined)
    add(AdminServiceService, adminService(engine, calls), engine.admin !== undefined)
    health.set('', true)
    health.addTo(server)
    await addReflection(server)

    const bound = await bind(server, host, port, credentials)
    keepStreamsYoung(server)
    return new GrpcServer(server, calls, health, drainMs, addressOf(host, bound), bound)
  }

  /**
   * Says that it is not serving, takes no new calls, lets those in hand finish, and after `drainMs` ends them. A stream
   * of requests is read no further; what was read is answered.
   */
  close (): Promise<void> {
    return this.#closing ??= this.#close()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  async #close (): Promise<void> {
    const finished = new Promise<void>(resolve => this.#server.tryShutdown(() => resolve()))
    this.#health.close()
    this.#calls.beginClosing()
    if (!await within(this.#drainMs, finished)) {
      this.#calls.endAll()
      await within(LAST_WORDS_MS, finished)
    }
    // A stream whose client has vanished is waited for for ever by tryShutdown alone.
    this.#server.forceShutdown()
  }
}

function grpcOptions ({ maxConnectionIdleMs = 300_000, maxConnectionAgeMs, keepaliveMs = 60_000 }: GrpcServerOptions): ServerOptions {
  return {
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': -1,
    // Nothing here serves what it would count, call by call.
    'grpc.enable_channelz': 0,
    'grpc.max_connection_idle_ms': maxConnectionIdleMs,
    ...(maxConnectionAgeMs === undefined ? {} : { 'grpc.max_connection_age_ms': maxConnectionAgeMs }),
    'grpc.keepalive_time_ms': keepaliveMs,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS
  }
}

function bind (server: Server, host: string, port: number, credentials: ServerCredentials): Promise<number> {
  const address = addressOf(host, port)
  return new Promise((resolve, reject) => server.bindAsync(address, credentials, (cause, bound) => {
    if (!cause) return resolve(bound)
    server.forceShutdown()
    reject(refusalOf(address, cause))
  }))
}

/** Whether the promise resolved in time. */
async function within (ms: number, promise: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  try {
    return await Promise.race([promise.then(() => true), new Promise<false>(resolve => { timer = setTimeout(resolve, ms, false) })])
  } finally {
    clearTimeout(timer)
  }
}
