import type { Decoder } from '../../decoder/decoder.js'
import type { Encoder } from '../../encoder/encoder.js'
import type { Log } from '../../log/log.js'
import type { Manifest } from '../../registry/manifest.js'
import type { ModelLoader } from '../../registry/model-loader.js'
import type { Registry } from '../../registry/registry.js'
import type { ServedCollection } from '../served-collection.js'

/** What the engine's functions work with. */
export interface EngineContext {
  readonly log: Log
  readonly registry: Registry
  readonly decoder: Decoder
  readonly encoder: Encoder
  readonly models: ModelLoader
  /** Tries a model that comes from outside where it can harm nobody. @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID` */
  readonly probe: (manifest: Manifest, directory: string) => Promise<unknown>
  /** Names this server among those of one deployment. */
  readonly serverId: string
  /** Where files may lie for a while. */
  readonly scratch: string
  /** @throws HammingbirdError `HAMMINGBIRD_NOT_FOUND`; `…_VERSION_NOT_READY` while it is being opened. The empty name is the default collection. */
  readonly served: (name: string) => ServedCollection
  /** Why a collection cannot be deleted now, in a sentence; undefined when it can. @default always can */
  readonly neededBy?: ((name: string) => string | undefined) | undefined
  /** Resolves when a collection that is known is served, with the versions it has. */
  readonly opened: (name: string) => Promise<void>
}
