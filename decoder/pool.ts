import { availableParallelism } from 'node:os'
import { HammingbirdError } from '../errors.js'
import type { PictureInput } from '../registry/manifest.js'
import type { Lane } from '../workers/lane.js'
import { WorkerPool, type WorkerPoolStatus } from '../workers/pool.js'
import type { Shape } from '../workers/task.js'
import { DECODING_LIMITS, isDecodingRefusal, tooManyBytes, type CanonicalPicture, type Decoder, type DecodingLimits, type DecodingRefusal } from './decoder.js'
import type { DecoderJob, DecoderResult } from './protocol.js'
import { writeSmallPng } from './small-png.js'

export interface DecoderPoolOptions {
  /** Processes. @default one a core */
  readonly workers?: number
  /** @default DECODING_LIMITS */
  readonly limits?: Partial<DecodingLimits>
  /** How many jobs may wait. @default 1_000 */
  readonly queueLimit?: number
  /** Of the processes, 0 to 19: 0 where nobody waits for an answer of this process. @default 10 */
  readonly niceness?: number
}

/** A job is ended, with its worker, when one image takes so much longer than it may: its own limit has not stopped it. */
const GRACE_MS = 500
/** A job is small enough that the workers share a batch evenly, and large enough that its way there and back is little beside it. */
const JOB_ITEMS = 32
const JOB_BYTES = 2 ** 20

const shape: Shape<DecoderJob, DecoderResult> = {
  items: ({ items }) => items.length,
  slice: (job, from, to) => ({ ...job, items: job.items.slice(from, to) }),
  join: (_, parts) => parts.flatMap(part => 'result' in part ? part.result : [{ refused: part.refused, message: part.message }])
}

/** The decoder over worker processes. */
export class DecoderPool implements Decoder {
  readonly #pool: WorkerPool<DecoderJob, DecoderResult>
  readonly #limits: DecodingLimits

  /** Resolves when the workers are ready: each has decoded a picture. @throws HammingbirdError `HAMMINGBIRD_WORKER_LOST` when none can be started. */
  static async open ({ workers = availableParallelism(), limits, ...options }: DecoderPoolOptions = {}): Promise<DecoderPool> {
    const all = { ...DECODING_LIMITS, ...limits }
    const pool = await WorkerPool.open<DecoderJob, DecoderResult>({
      ...options,
      script: new URL('./worker.js', import.meta.url),
      name: 'decoder',
      workers,
      shape,
      silenceMs: all.decodeMs + GRACE_MS,
      // glibc keeps a heap a thread, each torn by large pictures; libvips' own advice.
      env: { MALLOC_ARENA_MAX: '2' },
      prepare: async worker => assertDecodes(await worker.ask(KNOWN))
    })
    return new DecoderPool(pool, all)
  }

  private constructor (pool: WorkerPool<DecoderJob, DecoderResult>, limits: DecodingLimits) {
    this.#pool = pool
    this.#limits = limits
  }

  async canonical (images: readonly Uint8Array[], signal?: AbortSignal, lane?: Lane): Promise<readonly (CanonicalPicture | DecodingRefusal)[]> {
    const limits = this.#limits
    const outcomes = await this.#decode(images, items => ({ kind: 'canonical', items, limits }), lane, signal)
    return outcomes as readonly (CanonicalPicture | DecodingRefusal)[]
  }

  async pixels (pictures: readonly Uint8Array[], input: PictureInput, lane?: Lane): Promise<readonly (Uint8Array | DecodingRefusal)[]> {
    return await this.#decode(pictures, items => ({ kind: 'pixels', items, input }), lane) as readonly (Uint8Array | DecodingRefusal)[]
  }

  status (): WorkerPoolStatus {
    return this.#pool.status()
  }

  close (): Promise<void> {
    return this.#pool.close()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  async #decode (items: readonly Uint8Array[], jobOf: (items: readonly Uint8Array[]) => DecoderJob, lane?: Lane, signal?: AbortSignal): Promise<DecoderResult> {
    const results = await Promise.all(this.#cut(items).map(part => part.length === 1 && part[0]!.length > this.#limits.imageBytes
      ? [{ refused: 'HAMMINGBIRD_IMAGE_TOO_LARGE' as const, message: tooManyBytes(part[0]!, this.#limits) }]
      : this.#pool.run(jobOf(part), { lane, signal })))
    return results.flat()
  }

  /** Cuts a batch into jobs; a file that is too large is by itself: it is not worth its way to a worker. */
  #cut (items: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
    const jobs: Uint8Array[][] = []
    let bytes = Infinity
    for (const item of items) {
      const last = jobs.at(-1)
      if (last === undefined || last.length === JOB_ITEMS || bytes + item.length > JOB_BYTES) {
        jobs.push([item])
        bytes = item.length
      } else {
        last.push(item)
        bytes += item.length
      }
    }
    return jobs
  }
}

/** A picture every decoder must decode, through libvips, before it gets work: a broken installation must not be taken for broken images. */
const KNOWN: DecoderJob = {
  kind: 'pixels',
  items: [writeSmallPng({ width: 2, height: 2, pixels: new Uint8Array(12).fill(200) })],
  input: { width: 1, height: 1, fit: 'squash' }
}

function assertDecodes ([outcome]: DecoderResult): void {
  if (outcome instanceof Uint8Array && outcome.every(value => value === 200)) return
  const why = outcome !== undefined && isDecodingRefusal(outcome) ? outcome.message : 'wrong pixels'
  throw new HammingbirdError('HAMMINGBIRD_INTERNAL', `a decoder does not decode a picture that is known: ${why}`)
}
