import type { ErrorCode } from '../errors.js'
import type { Manifest } from '../registry/manifest.js'
import type { Encoded } from './model.js'

/** Jobs of an encoder worker. `bits` and `detail` are the manifest's. */
export type EncoderJob =
  | { readonly kind: 'load', readonly model: string, readonly manifest: Manifest, readonly directory: string | undefined }
  | { readonly kind: 'unload', readonly model: string }
  | { readonly kind: 'encode', readonly model: string, readonly pixels: Uint8Array, readonly count: number, readonly outputs: boolean }

export type EncoderResult =
  | { readonly kind: 'loaded', readonly backend: string }
  | { readonly kind: 'unloaded' }
  | EncodedResult

/** Codes, outputs and detail of all pictures, one after the other; those of a refused one mean nothing. */
export interface EncodedResult extends Encoded {
  readonly kind: 'encoded'
  readonly refused?: readonly { readonly at: number, readonly code: ErrorCode, readonly message: string }[]
}
