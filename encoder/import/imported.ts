import type { NamedTensor } from '../safetensors.js'

/** Weights from elsewhere, under our names and in our layouts: they fit the network of these settings, or loading says why not. */
export interface Imported {
  /** As in a manifest. */
  readonly network: string
  readonly settings: Readonly<Record<string, unknown>>
  /** The classifier they were trained with is among them where there was one, as `classifier.kernel` and `.bias`. */
  readonly weights: Map<string, NamedTensor>
  /** Of the bytes the weights came in, one file after the other: lower-case hex. */
  readonly sha256: string
}
