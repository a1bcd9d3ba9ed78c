import type { ErrorCode } from '../errors.js'
import type { Code } from '../hamming/code.js'
import type { Manifest, PictureInput } from '../registry/manifest.js'
import type { Lane } from '../workers/lane.js'

/** An encoder works in steps of at most 50 ms: a query waits behind one at most. */
export type { Lane }

/** What a version makes of one picture. */
export interface Encoding {
  readonly code: Code
  /** The outputs before the sign, [bits], where they were asked for: a query's order among equals comes from them. */
  readonly outputs?: Float32Array
  /** Features to re-rank ties by, at most 64, where the model makes them. */
  readonly detail?: Int8Array
}

/** Why one picture of a batch has no encoding. */
export interface EncodingRefusal {
  readonly refused: ErrorCode
  readonly message: string
}

export interface EncodeRequest {
  /** The name it was loaded under. */
  readonly model: string
  readonly lane: Lane
  /** `count` pictures of u8 [height, width, 3], RGB, one after the other, in the size the manifest's input asks for. */
  readonly pixels: Uint8Array
  readonly count: number
  /** @default false */
  readonly outputs?: boolean
  /** Called after each step: the work goes on. */
  readonly beat?: () => void
}

/**
 * Turns pixels into codes. The model lives in other processes; nothing here blocks the event loop.
 *
 * A worker that dies has its batch retried, cut in halves, until the one picture that kills is alone: it is refused
 * with `HAMMINGBIRD_IMAGE_KILLS`, the others get their codes.
 */
export interface Encoder extends AsyncDisposable {
  /**
   * Makes a model ready to encode, under a name of the caller's: each collection has versions of its own, and v1 of one is
   * not v1 of another. Loading a name that is loaded is no work. `HAMMINGBIRD_MODEL_INVALID` when it cannot be.
   */
  load (model: string, manifest: Manifest, directory: string | undefined): Promise<void>
  unload (model: string): Promise<void>
  /** Answers in the order of the pictures. `HAMMINGBIRD_VERSION_NOT_READY` for a model that is not loaded. */
  encode (request: EncodeRequest): Promise<readonly (Encoding | EncodingRefusal)[]>
  close (): Promise<void>
}

export function isRefused (result: Encoding | EncodingRefusal): result is EncodingRefusal {
  return 'refused' in result
}

/** Bytes of one picture in the form an input asks for. */
export function inputBytes ({ width, height }: PictureInput): number {
  return width * height * 3
}
