import type { Observable } from 'rxjs'
import type { Decoder } from '../decoder/decoder.js'
import type { Claim, LogRecord } from '../log/log.js'
import type { Envelope } from '../operators/envelope.js'
import { inBatches } from '../operators/in-batches.js'
import { lend } from '../operators/lend.js'
import { progressRecord } from '../topics/progress.js'
import type { OpenCollection } from '../registry/registry.js'
import { commit, type Written } from './commit.js'
import { itemRecords } from './item-records.js'

export interface IngestOptions {
  /** A partition of C.images. */
  readonly claim: Claim
  readonly decoder: Pick<Decoder, 'canonical'>
  readonly collection: Pick<OpenCollection, 'topics' | 'config'>
  readonly limits: IngestLimits
  /** Aborts when what is in flight is to be finished, and nothing more begun. */
  readonly drain: AbortSignal
}

export interface IngestLimits {
  /** Most messages on their way through one graph. */
  readonly inFlight: number
  /** Most bytes of them. */
  readonly inFlightBytes: number
  /** Most images in one decoding batch, and most batches at once. */
  readonly decodeBatch: number
  readonly decodesAtOnce: number
}

/**
 * The graph that makes items of images. It holds no state and owns no resource. In one partition:
 *
 *     C.images ─ inFlight ─▶ decode ─▶ commit ─▶ counts
 *                                        ├─▶ C.items: items, tombstones, then the progress
 *                                        └─▶ C.set-aside: what cannot be used, and why
 *
 * A commit is one transaction: what came of a run of messages, that they are settled, and the group's position. It takes
 * all that is ready while the former one is under way. Emits how many messages each commit settled. Fails with the
 * first error that is not about one image, and leaves the retry to whoever runs it.
 */
export function ingest ({ claim, decoder, collection, limits, drain }: IngestOptions): Observable<number> {
  const { topics, config } = collection

  const decode = async (batch: readonly Envelope<LogRecord>[]): Promise<readonly Envelope<Written>[]> => {
    const outputs = await itemRecords(batch.map(({ value }) => value), decoder, collection)
    claim.beat()
    return batch.map(({ value, settle }, i) => ({ settle, value: { record: value, outputs: outputs[i]! } }))
  }

  return lend({
    poll: limits => claim.poll(limits),
    weigh: ({ value }) => value?.length ?? 0,
    records: limits.inFlight,
    bytes: limits.inFlightBytes,
    drain
  }).pipe(
    inBatches({ size: limits.decodeBatch, atOnce: limits.decodesAtOnce, bytes: limits.inFlightBytes / 4, weigh: ({ value }) => value.value?.length ?? 0 }, decode),
    commit(claim, last => Array.from({ length: config.partitions }, (_, partition) => progressRecord(topics.items, partition, {
      sourcePartition: claim.partition,
      next: last.offset + 1,
      publishedAtMs: last.timestampMs
    })))
  )
}
