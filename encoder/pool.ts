import { HammingbirdError, codeOf, type ErrorCode } from '../errors.js'
import type { Manifest } from '../registry/manifest.js'
import { WorkerLossError, WorkerProcess, type WorkerProcessOptions } from '../workers/child.js'
import { LANES } from '../workers/lane.js'
import { WorkerPool, type WorkerPoolOptions, type WorkerPoolStatus } from '../workers/pool.js'
import { inputBytes, type EncodeRequest, type Encoder, type Encoding, type EncodingRefusal } from './encoder.js'
import { CLASSICAL } from './classical.js'
import { encodingsOf, joined, sliced } from './encodings.js'
import type { EncoderJob, EncoderResult } from './protocol.js'

export interface EncoderPoolOptions extends Pick<WorkerPoolOptions<EncoderJob, EncoderResult>, 'niceness' | 'queueLimit' | 'recycleJobs' | 'recycleGrowthBytes'> {
  /** Processes: one a device; TensorFlow uses all cores by itself. @default 1 */
  readonly workers?: number
  /** Set beside the parent's environment: `HAMMINGBIRD_GPU`, `HAMMINGBIRD_BACKEND`. */
  readonly env?: Readonly<Record<string, string>>
  /** Longest a worker may be silent. @default 30_000 */
  readonly silenceMs?: number
  /** Most bytes of pixels that go to a worker at once: to send more takes this process too long. @default 4 MiB */
  readonly jobBytes?: number
  /** Told what computes, in a sentence that says why nothing faster does: once for each answer there is. @default nobody */
  readonly computes?: (sentence: string) => void
  /** The built script of the workers. @default worker.js beside this file */
  readonly script?: URL
}

interface Wanted {
  readonly manifest: Manifest
  readonly directory: string | undefined
  /** Resolves when it can be used. */
  ready: Promise<void>
  /** How often in a row a worker ended while it loaded this model. */
  deaths: number
  /** Why it can no longer be loaded. */
  broken: HammingbirdError | undefined
}

/** A step is at most 50 ms, but a GPU may compile for long before its first, and a swapped-out machine is slow. */
const SILENCE_MS = 30_000
/** To read and upload the weights of a large network is one step. */
const LOAD_SILENCE_MS = 120_000
const DEATHS = 3
/** Refusals of a model that will be the same the next time. */
const PERMANENT: ReadonlySet<string> = new Set(['HAMMINGBIRD_MODEL_INVALID', 'HAMMINGBIRD_BACKEND'] satisfies ErrorCode[])
const JOB_BYTES = 4 * 2 ** 20

const SCRIPT = new URL('./worker.js', import.meta.url)
const environment = { TF_CPP_MIN_LOG_LEVEL: '2', TF_FORCE_GPU_ALLOW_GROWTH: 'true' }

/**
 * The encoder over worker processes.
 *
 * A worker that is replaced loads all models again before it gets work. A model that ends workers as it is loaded is given up;
 * the others are not harmed.
 */
export class EncoderPool implements Encoder {
  readonly #wanted: Map<string, Wanted>
  readonly #backends: Map<string, string>
  readonly #pool: WorkerPool<EncoderJob, EncoderResult>
  readonly #jobBytes: number

  /** Resolves when the workers are ready; they hold no model yet. @throws HammingbirdError `HAMMINGBIRD_WORKER_LOST` when none can be started. */
  static async open ({ jobBytes = JOB_BYTES, env, computes = () => {}, ...options }: EncoderPoolOptions = {}): Promise<EncoderPool> {
    const wanted = new Map<string, Wanted>()
    const backends = new Backends(computes)
    const pool = await WorkerPool.open<EncoderJob, EncoderResult>({
      recycleGrowthBytes: 2 ** 30,
      silenceMs: SILENCE_MS,
      script: SCRIPT,
      ...options,
      name: 'encoder',
      env: { ...environment, ...env },
      shape: { items: job => job.kind === 'encode' ? job.count : 0, slice: sliced, join: joined },
      prepare: async worker => {
        for (const name of wanted.keys()) await loadIn(worker, name, wanted, backends).catch(unlessBroken)
      }
    })
    return new EncoderPool(pool, wanted, backends, jobBytes)
  }

  /**
   * Tries a model that comes from elsewhere in a process of its own, which is thrown away: whatever is in it, it harms nobody.
   *
   * @returns what computes, in a sentence.
   * @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID` when it cannot be loaded, does not give its recorded outputs, or
   * ends the process, time and again.
   */
  static async probe (manifest: Manifest, directory: string | undefined, options: Partial<Pick<WorkerProcessOptions, 'niceness' | 'env' | 'script'>> = {}): Promise<string> {
    const wanted = new Map([['probe', wantedModel(manifest, directory)]])
    const backends = new Map<string, string>()
    for (let deaths = 1; ; deaths++) {
      await using worker = await WorkerProcess.open<EncoderJob, EncoderResult>({ script: SCRIPT, ...options, name: 'encoder', env: { ...environment, ...options.env } })
      try {
        await loadIn(worker, 'probe', wanted, backends)
        return backends.get('probe') ?? ''
      } catch (err) {
        if (!(err instanceof WorkerLossError)) throw err
        if (deaths === DEATHS) throw givenUp(manifest.version, err) // once may be anyone's doing
      }
    }
  }

  private constructor (pool: WorkerPool<EncoderJob, EncoderResult>, wanted: Map<string, Wanted>, backends: Map<string, string>, jobBytes: number) {
    this.#pool = pool
    this.#wanted = wanted
    this.#backends = backends
    this.#jobBytes = jobBytes
  }

  async load (model: string, manifest: Manifest, directory: string | undefined): Promise<void> {
    const before = this.#wanted.get(model)
    if (before !== undefined && before.broken === undefined) return await before.ready
    const wanted = wantedModel(manifest, directory)
    this.#wanted.set(model, wanted)
    wanted.ready = this.#loadEverywhere(model, wanted)
    try {
      await wanted.ready
    } catch (err) {
      if (this.#wanted.get(model) === wanted) await this.unload(model).catch(() => {})
      throw err
    }
  }

  async unload (model: string): Promise<void> {
    if (!this.#wanted.delete(model)) return
    this.#backends.delete(model)
    // A worker that ends meanwhile is replaced by one that never heard of the model.
    await this.#pool.each(worker => worker.ask({ kind: 'unload', model }).catch(() => {}))
  }

  async encode ({ model, lane, pixels, count, outputs = false, beat }: EncodeRequest): Promise<readonly (Encoding | EncodingRefusal)[]> {
    const wanted = this.#wanted.get(model)
    if (wanted === undefined) throw new HammingbirdError('HAMMINGBIRD_VERSION_NOT_READY', `${model} is not loaded`)
    if (wanted.broken !== undefined) throw wanted.broken
    const { manifest } = wanted
    const pictureBytes = inputBytes(manifest.input)
    if (pixels.length !== count * pictureBytes) throw new RangeError(`${count} pictures for ${model} take ${count * pictureBytes} bytes, got ${pixels.length}`)
    if (count === 0) return []
    await wanted.ready
    const whole: EncoderJob & { readonly kind: 'encode' } = { kind: 'encode', model, pixels, count, outputs }
    const atOnce = Math.max(1, Math.floor(this.#jobBytes / pictureBytes))
    const jobs = Array.from({ length: Math.ceil(count / atOnce) }, (_, i) => sliced(whole, i * atOnce, Math.min(count, (i + 1) * atOnce)))
    const encoded = await Promise.all(jobs.map(async job => encodingsOf(await this.#pool.run(job, { lane, beat }), job.count, manifest)))
    return encoded.flat()
  }

  /** The models that are loaded, and what computes them, in a sentence each. */
  backends (): ReadonlyMap<string, string> {
    return new Map([...this.#wanted.keys()].map(model => [model, this.#backends.get(model) ?? '']))
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

  /** Loads a model in all workers; one that ends is replaced, and its successor loads it as it is prepared. */
  async #loadEverywhere (model: string, wanted: Wanted): Promise<void> {
    for (let all = false; !all;) {
      all = true
      try {
        await this.#pool.each(worker => loadIn(worker, model, this.#wanted, this.#backends))
      } catch (err) {
        if (!isLoss(err)) throw err
        all = false
      }
      await this.#pool.ready()
      if (wanted.broken !== undefined) throw wanted.broken
    }
  }
}

/** By model, what computes it. */
class Backends extends Map<string, string> {
  readonly #told = new Set<string>()
  readonly #tell: (sentence: string) => void

  constructor (tell: (sentence: string) => void) {
    super()
    this.#tell = tell
  }

  override set (model: string, sentence: string): this {
    if (!this.#told.has(sentence)) this.#tell(sentence)
    this.#told.add(sentence)
    return super.set(model, sentence)
  }
}

function wantedModel (manifest: Manifest, directory: string | undefined): Wanted {
  return { manifest, directory, ready: Promise.resolve(), deaths: 0, broken: undefined }
}

/** Loads a model that is wanted in one worker. What cannot be loaded anywhere is marked as broken. */
async function loadIn (worker: WorkerProcess<EncoderJob, EncoderResult>, name: string, models: ReadonlyMap<string, Wanted>, backends: Map<string, string>): Promise<void> {
  const wanted = models.get(name)
  if (wanted === undefined || wanted.broken !== undefined) return
  const { manifest, directory } = wanted
  try {
    const result = await worker.ask({ kind: 'load', model: name, manifest, directory }, { lane: LANES.indexOf('live'), silenceMs: LOAD_SILENCE_MS })
    if (result.kind === 'loaded') backends.set(name, result.backend)
    wanted.deaths = 0
  } catch (err) {
    // Version 0 is this program's own code, in every worker there is: who ends its workers is someone else.
    if (err instanceof WorkerLossError && manifest.network !== CLASSICAL && ++wanted.deaths >= DEATHS) wanted.broken = givenUp(name, err)
    if (err instanceof HammingbirdError && PERMANENT.has(err.code)) wanted.broken = err
    throw err
  }
}

/** A worker is ready without a model that cannot be had: the others are wanted too. */
function unlessBroken (err: unknown): void {
  if (!PERMANENT.has(codeOf(err))) throw err
}

function isLoss (err: unknown): boolean {
  const code = codeOf(err)
  return code === 'HAMMINGBIRD_WORKER_LOST' || code === 'HAMMINGBIRD_WORKER_TIMEOUT'
}

function givenUp (name: string, err: WorkerLossError): HammingbirdError {
  return new HammingbirdError('HAMMINGBIRD_MODEL_INVALID', `${name} ends every encoder that loads it: ${err.message}`, { cause: err })
}
