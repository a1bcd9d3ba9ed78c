import type { PictureInput } from '../registry/manifest.js'
import type { CanonicalPicture, DecodingRefusal } from './decoder.js'

/** Jobs of a decoder worker. Each is a batch; an item that fails is refused by itself. */
export type DecoderJob =
  | { readonly kind: 'canonical', readonly images: readonly Uint8Array[] }
  | { readonly kind: 'pixels', readonly pictures: readonly Uint8Array[], readonly input: PictureInput }

export type DecoderResult =
  | { readonly kind: 'canonical', readonly pictures: readonly (CanonicalPicture | DecodingRefusal)[] }
  | { readonly kind: 'pixels', readonly pixels: readonly (Uint8Array | DecodingRefusal)[] }
