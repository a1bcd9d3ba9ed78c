import { HammingbirdError } from '../errors.js'
import type { Manifest } from '../registry/manifest.js'
import { WorkerPool, type WorkerPoolStatus } from '../workers/pool.js'
import type { Part, Shape } from '../workers/task.js'
import type { WorkerProcess } from '../workers/child.js'
import { inputBytes, type EncodeRequest, type Encoder, type Encoding, type EncodingRefusal } from './encoder.js'
import type { EncoderJob, EncoderResult } from './protocol.js'

export interface EncoderPoolOptions {
  /** Processes. TensorFlow uses every core by itself: one a device is right. @default 1 */
  readonly workers?: number
  /** Longest a worker may be silent: a step of a large model on a slow machine, and the loading of one. @default 60_000 */
  readonly silenceMs?: number
  /** How many jobs may wait. @default 1_000 */
  readonly queueLimit?: number
}

type EncodeJob = Extract<EncoderJob, { kind: 'encode' }>
type Outcome = Encoding | EncodingRefusal
/** What a job came to, once each picture has its own. */
type Result = EncoderResult | { readonly kind: 'outcomes', readonly outcomes: readonly Outcome[] }

const shape: Shape<EncoderJob, Result> = {
  items: job => job.kind === 'encode' ? job.count : 0,
  slice (job, from, to) {
    if (job.kind !== 'encode') return job
    const bytes = job.pixels.length / job.count
    return { ...job, pixels: job.pixels.subarray(from * bytes, to * bytes), count: to - from }
  },
  join: (_, parts) => ({ kind: 'outcomes', outcomes: parts.flatMap(part => outcomesOf(part)) })
}

interface Wanted {
  readonly manifest: Manifest
  readonly directory: string | undefined
  backend: string
}

/** The encoder over worker processes: each holds every model that is loaded, and so does one that takes its place. */
export class EncoderPool implements Encoder {
  readonly #wanted: Map<string, Wanted>
  readonly #pool: WorkerPool<EncoderJob, Result>

  /** Resolves when the workers are ready. @throws HammingbirdError `HAMMINGBIRD_WORKER_LOST` when none can be started. */
  static async open ({ workers = 1, silenceMs = 60_000, ...options }: EncoderPoolOptions = {}): Promise<EncoderPool> {
    const wanted = new Map<string, Wanted>()
    const pool = await WorkerPool.open<EncoderJob, Result>({
      ...options,
      script: new URL('./worker.js', import.meta.url),
      name: 'encoder',
      workers,
      silenceMs,
      shape,
      prepare: async worker => { for (const [model, { manifest, directory }] of wanted) await load(worker, model, manifest, directory) }
    })
    return new EncoderPool(pool, wanted)
  }

  private constructor (pool: WorkerPool<EncoderJob, Result>, wanted: Map<string, Wanted>) {
    this.#pool = pool
    this.#wanted = wanted
  }

  async load (model: string, manifest: Manifest, directory: string | undefined): Promise<void> {
    if (this.#wanted.has(model)) return
    const wanted = { manifest, directory, backend: '' }
    this.#wanted.set(model, wanted) // first: a worker that is started meanwhile loads it too
    try {
      const backends = await this.#pool.each(worker => load(worker, model, manifest, directory))
      wanted.backend = backends[0] ?? ''
    } catch (err) {
      this.#wanted.delete(model)
      throw err
    }
  }

  async unload (model: string): Promise<void> {
    if (!this.#wanted.delete(model)) return
    await this.#pool.each(worker => worker.ask({ kind: 'unload', model }))
  }

  async encode ({ model, lane, pixels, count, outputs = false, beat }: EncodeRequest): Promise<readonly Outcome[]> {
    const wanted = this.#wanted.get(model)
    if (wanted === undefined) throw new HammingbirdError('HAMMINGBIRD_VERSION_NOT_READY', `model ${model} is not loaded`)
    if (pixels.length !== count * inputBytes(wanted.manifest.input)) throw new RangeError(`${count} pictures of ${inputBytes(wanted.manifest.input)} bytes, got ${pixels.length}`)
    const job: EncodeJob = { kind: 'encode', model, pixels, count, outputs }
    const result = await this.#pool.run(job, { lane })
    beat?.()
    return result.kind === 'outcomes' ? result.outcomes : outcomesOf({ from: 0, to: count, result })
  }

  /** What computes, for each model, in a sentence. */
  backends (): ReadonlyMap<string, string> {
    return new Map([...this.#wanted].map(([model, { backend }]) => [model, backend]))
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
}

async function load (worker: WorkerProcess<EncoderJob, Result>, model: string, manifest: Manifest, directory: string | undefined): Promise<string> {
  const result = await worker.ask({ kind: 'load', model, manifest, directory }, { silenceMs: 60_000 })
  return result.kind === 'loaded' ? result.backend : ''
}

/** Takes apart what a worker packed: to each picture its own. */
function outcomesOf (part: Part<Result>): readonly Outcome[] {
  const count = part.to - part.from
  if ('refused' in part) return Array.from({ length: count }, () => ({ refused: part.refused, message: part.message }))
  if (part.result.kind !== 'encoded') throw new TypeError(`unexpected result of an encoder: ${part.result.kind}`)
  const { codes, outputs, detail } = part.result
  const slice = <T extends Uint8Array | Float32Array | Int8Array>(packed: T, i: number): T => packed.subarray(i * packed.length / count, (i + 1) * packed.length / count) as T
  return Array.from({ length: count }, (_, i) => ({
    code: slice(codes, i),
    ...(outputs === undefined ? {} : { outputs: slice(outputs, i) }),
    ...(detail === undefined ? {} : { detail: slice(detail, i) })
  }))
}
