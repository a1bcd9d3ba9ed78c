import { ModelServiceService, type Backfill, type FetchVersionResponse, type FileChunk, type HistoryEntry, type PromoteResponse, type PublishVersionRequest, type RetireResponse, type RollbackResponse, type Version } from '../proto/gen/hammingbird/v1/model.js'
import type { CallOptions, Calls } from './calls.js'

/** Who does it, and why: for the history. */
export interface By {
  readonly actor?: string
  readonly reason?: string
}

/** The versions of a collection's model: published once, made live and taken back by name. Errors as of the client they belong to. */
export class ModelsClient {
  readonly #calls: Calls
  readonly #collection: string

  constructor (calls: Calls, collection: string) {
    this.#calls = calls
    this.#collection = collection
  }

  /** Every version that is there, version 0 first. */
  async list (options?: CallOptions): Promise<readonly Version[]> {
    const { versions } = await this.#calls.unary(ModelServiceService.listVersions, { collection: this.#collection }, options)
    return versions
  }

  /** @param version a version or an alias. @throws HammingbirdError `HAMMINGBIRD_NOT_FOUND` */
  async get (version: string, options?: CallOptions): Promise<Version> {
    const answer = await this.#calls.unary(ModelServiceService.getVersion, { collection: this.#collection, version }, options)
    return answer.version!
  }

  /**
   * Publishes a model. The same model published again is the version that it became the first time.
   *
   * @param manifest JSON; without a version in it the next number is given.
   * @param chunks the files that it lists, in pieces of at most 1 MiB.
   * @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID` for files that are not what the manifest says, and for a model that cannot be
   * loaded or does not give its recorded outputs.
   */
  async publish (manifest: string, chunks: AsyncIterable<FileChunk>, options?: CallOptions): Promise<Version> {
    const { version } = await this.#calls.clientStream(ModelServiceService.publishVersion, parts(this.#collection, manifest, chunks), options)
    return version!
  }

  /** The manifest of a version, then its files in pieces. */
  async * fetch (version: string, options?: CallOptions): AsyncGenerator<NonNullable<FetchVersionResponse['part']>, void, undefined> {
    for await (const { part } of this.#calls.serverStream(ModelServiceService.fetchVersion, { collection: this.#collection, version }, options)) yield part!
  }

  /** @throws HammingbirdError `HAMMINGBIRD_VERSION_NOT_READY` for one that has not caught up, unless forced. */
  promote (version: string, { actor = '', reason = '', force = false, ...options }: CallOptions & By & { readonly force?: boolean } = {}): Promise<PromoteResponse> {
    return this.#calls.unary(ModelServiceService.promote, { collection: this.#collection, version, force, actor, reason }, options)
  }

  /** @param toVersion the alias `previous` when it is empty. */
  rollback (toVersion = '', { actor = '', reason = '', ...options }: CallOptions & By = {}): Promise<RollbackResponse> {
    return this.#calls.unary(ModelServiceService.rollback, { collection: this.#collection, toVersion, actor, reason }, options)
  }

  retire (version: string, { force = false, actor = '', reason = '', ...options }: CallOptions & By & { readonly force?: boolean } = {}): Promise<RetireResponse> {
    return this.#calls.unary(ModelServiceService.retire, { collection: this.#collection, version, force, actor, reason }, options)
  }

  /** Oldest first. @param until only what had happened by then. */
  async history ({ until, ...options }: CallOptions & { readonly until?: Date } = {}): Promise<readonly HistoryEntry[]> {
    const { entries } = await this.#calls.unary(ModelServiceService.getHistory, { collection: this.#collection, until }, options)
    return entries
  }

  /** @param version all of them when it is empty. */
  async backfill (version = '', options?: CallOptions): Promise<readonly Backfill[]> {
    const { backfills } = await this.#calls.unary(ModelServiceService.getBackfill, { collection: this.#collection, version }, options)
    return backfills
  }
}

async function * parts (collection: string, manifest: string, chunks: AsyncIterable<FileChunk>): AsyncGenerator<PublishVersionRequest, void, undefined> {
  yield { part: { $case: 'header', value: { collection, manifest } } }
  for await (const value of chunks) yield { part: { $case: 'chunk', value } }
}
