import type { PictureInput } from '../registry/manifest.js'
import type { CanonicalPicture, DecodingLimits, DecodingRefusal } from './decoder.js'

/** Jobs of a decoder worker. Each is a batch; an item that fails is refused by itself. */
export type DecoderJob =
  | { readonly kind: 'canonical', readonly items: readonly Uint8Array[], readonly limits: DecodingLimits }
  | { readonly kind: 'pixels', readonly items: readonly Uint8Array[], readonly input: PictureInput }

/** An outcome for each item, in their order. */
export type DecoderResult = readonly (CanonicalPicture | Uint8Array | DecodingRefusal)[]
