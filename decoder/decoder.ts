import type { ErrorCode } from '../errors.js'
import type { PictureInput } from '../registry/manifest.js'

/** The version of `canonical`: it stands in every item, so that a change of it can be seen and backfilled. */
export const CANONICAL_VERSION = 1

/** What is kept of an image: its picture in one form, whatever it came as (design.md section 3). */
export interface CanonicalPicture {
  /** A WebP file: first frame, upright, sRGB, alpha on white, longest side at most 256. */
  readonly bytes: Buffer
  readonly width: number
  readonly height: number
  /** Of the original: `jpeg`, `png`, … */
  readonly format: string
  readonly originalWidth: number
  readonly originalHeight: number
}

/** Why an image cannot be used: `IMAGE_UNREADABLE`, `IMAGE_FORMAT`, `IMAGE_TOO_LARGE`, `IMAGE_TIMEOUT`, `IMAGE_KILLS`. */
export interface DecodingRefusal {
  readonly refused: ErrorCode
  readonly message: string
}

/** Decodes images in processes of their own: a hostile file harms nobody but its worker, which is replaced. */
export interface Decoder extends AsyncDisposable {
  /** The canonical pictures of image files, in their order, or why not. */
  canonical (images: readonly Uint8Array[], signal?: AbortSignal): Promise<readonly (CanonicalPicture | DecodingRefusal)[]>
  /** Pixels of canonical pictures in the form a model wants: u8 [height, width, 3] each, one after the other. */
  pixels (pictures: readonly Uint8Array[], input: PictureInput): Promise<readonly (Uint8Array | DecodingRefusal)[]>
  close (): Promise<void>
}

export function isDecodingRefusal (outcome: CanonicalPicture | Uint8Array | DecodingRefusal): outcome is DecodingRefusal {
  return 'refused' in outcome
}
