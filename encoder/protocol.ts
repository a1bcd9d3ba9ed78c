import type { Manifest } from '../registry/manifest.js'

/** Jobs of an encoder worker. */
export type EncoderJob =
  | { readonly kind: 'load', readonly model: string, readonly manifest: Manifest, readonly directory: string | undefined }
  | { readonly kind: 'unload', readonly model: string }
  | { readonly kind: 'encode', readonly model: string, readonly pixels: Uint8Array, readonly count: number, readonly outputs: boolean }

export type EncoderResult =
  | { readonly kind: 'loaded', readonly backend: string }
  | { readonly kind: 'unloaded' }
  /** `codes` has `count` codes one after the other; `outputs` [count, bits] where asked for; `detail` [count, manifest.detail]. */
  | { readonly kind: 'encoded', readonly codes: Uint8Array, readonly outputs?: Float32Array, readonly detail?: Int8Array }
