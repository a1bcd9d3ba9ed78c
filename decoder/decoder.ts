import type { ErrorCode } from '../errors.js'
import type { PictureInput } from '../registry/manifest.js'
import type { Lane } from '../workers/lane.js'

/** The version of `canonical`: it stands in every item, so that a change of it can be seen and backfilled. */
export const CANONICAL_VERSION = 1

/** What is kept of an image: its picture in one form, whatever it came as (design.md section 3). */
export interface CanonicalPicture {
  /** A file: PNG up to 64 pixels a side, larger JPEG. First frame, upright, sRGB, alpha on white, longest side at most 256. */
  readonly bytes: Buffer
  readonly width: number
  readonly height: number
  /** Of the original: `jpeg`, `png`, … */
  readonly format: string
  /** As stored, before it was turned upright. */
  readonly originalWidth: number
  readonly originalHeight: number
}

/** Why an image cannot be used: `IMAGE_UNREADABLE`, `IMAGE_FORMAT`, `IMAGE_TOO_LARGE`, `IMAGE_TIMEOUT`, `IMAGE_KILLS`. */
export interface DecodingRefusal {
  readonly refused: ErrorCode
  readonly message: string
}

/** What an image may cost. */
export interface DecodingLimits {
  /** Bytes of a file. */
  readonly imageBytes: number
  /** Width × height, by the header. */
  readonly imagePixels: number
  /** Longest it may take to decode. */
  readonly decodeMs: number
}

export const DECODING_LIMITS: DecodingLimits = { imageBytes: 16 * 2 ** 20, imagePixels: 100_000_000, decodeMs: 10_000 }

/**
 * Decodes images in processes of their own: a hostile file harms nobody but its worker, which is replaced.
 *
 * The lane says who waits. @default live
 */
export interface Decoder extends AsyncDisposable {
  /** The canonical pictures of image files, in their order, or why not. */
  canonical (images: readonly Uint8Array[], signal?: AbortSignal, lane?: Lane): Promise<readonly (CanonicalPicture | DecodingRefusal)[]>
  /** Pixels of canonical pictures in the form a model wants: u8 [height, width, 3] each, one after the other. */
  pixels (pictures: readonly Uint8Array[], input: PictureInput, lane?: Lane): Promise<readonly (Uint8Array | DecodingRefusal)[]>
  close (): Promise<void>
}

export function isDecodingRefusal (outcome: CanonicalPicture | Uint8Array | DecodingRefusal): outcome is DecodingRefusal {
  return 'refused' in outcome
}

/** Says what is wrong with a file of too many bytes. */
export function tooManyBytes ({ length }: Uint8Array, { imageBytes }: DecodingLimits): string {
  return `${length} bytes, at most ${imageBytes} are taken`
}
