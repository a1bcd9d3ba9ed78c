import type { Observable } from 'rxjs'
import type { Decoder } from '../decoder/decoder.js'
import type { Encoder, Lane } from '../encoder/encoder.js'
import type { Claim } from '../log/log.js'
import { inBatches } from '../operators/in-batches.js'
import { lend } from '../operators/lend.js'
import type { Manifest } from '../registry/manifest.js'
import type { CollectionTopics } from '../topics/names.js'
import { codesOfPixels, pixelsOfItems } from './code-records.js'
import { commit } from './commit.js'

export interface EncodeOptions {
  /** A partition of C.items. */
  readonly claim: Claim
  readonly decoder: Pick<Decoder, 'pixels'>
  readonly encoder: Pick<Encoder, 'encode'>
  readonly manifest: Manifest
  /** The name the encoder knows it by. */
  readonly model: string
  /** Asked before each batch: a version's lane changes as aliases move. */
  readonly lane: () => Lane
  readonly topics: CollectionTopics
  readonly limits: EncodeLimits
  /** Aborts when what is in flight is to be finished, and nothing more begun. */
  readonly drain: AbortSignal
}

export interface EncodeLimits {
  /** Most items on their way through one graph. */
  readonly inFlight: number
  /** Most bytes of them. */
  readonly inFlightBytes: number
  /** Most pictures in one batch, and most batches at once. */
  readonly batch: number
  readonly batchesAtOnce: number
}

/**
 * The graph that makes codes of items, for one version: backfill and the live path are this one program. It holds no
 * state and owns no resource. In one partition, and into the partition of the same number:
 *
 *     C.items ─ inFlight ─▶ pixels ─▶ encode ─▶ commit ─▶ counts
 *                                                 ├─▶ C.codes.v: codes, tombstones and progress, in their order
 *                                                 └─▶ C.set-aside: what cannot be encoded, and why
 *
 * Emits how many messages each commit settled. Fails with the first error that is not about one picture, and leaves the
 * retry to whoever runs it.
 */
export function encode ({ claim, decoder, encoder, manifest, model, lane, topics, limits, drain }: EncodeOptions): Observable<number> {
  const { batch: size, batchesAtOnce: atOnce } = limits
  return lend({
    poll: limits => claim.poll(limits),
    weigh: ({ value }) => value?.length ?? 0,
    records: limits.inFlight,
    bytes: limits.inFlightBytes,
    drain
  }).pipe(
    inBatches({ size, atOnce }, pixelsOfItems(decoder, manifest, lane, claim)),
    inBatches({ size, atOnce }, codesOfPixels(encoder, { model, version: manifest.version }, lane, topics, claim)),
    commit(claim, () => [])
  )
}
