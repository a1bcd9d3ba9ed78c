import { HammingbirdError } from '../errors.js'
import type { Manifest } from '../registry/manifest.js'
import { inputBytes } from './encoder.js'
import { Constants } from './layers/constants.js'
import { foldNorms } from './layers/fold.js'
import { invalidModel } from './model-files.js'
import type { Stage } from './networks/network.js'
import { Pace } from './pace.js'
import { normaliser } from './pixels.js'
import type { Tensors } from './safetensors.js'
import { openBackend, tf, type BackendOptions } from './tf.js'

/** Awaited between steps: whoever else waits for this process goes first. */
export type Step = () => Promise<void> | void

export interface RunnerOptions {
  /** @default what works, the fastest first */
  readonly backend?: BackendOptions
  /** Awaited between the steps of loading, which are as short as those of running, the upload of the weights apart. @default other events have their turn */
  readonly step?: Step
}

/** What is run: pictures as a manifest has them, through stages that take their numbers from weights. */
export interface Program {
  readonly picture: Pick<Manifest, 'input' | 'normalisation'>
  readonly stages: readonly Stage[]
  /** Epsilon of the batch norms, which are folded away; undefined where there are none. */
  readonly norm: number | undefined
  readonly weights: Tensors
}

/**
 * Runs a network that stands still, in steps of at most 50 ms, as far as a single stage on a single picture takes no
 * longer. All it has uploaded is freed by `dispose`; between two runs it holds its weights and no other tensor.
 */
export class Runner implements Disposable {
  /** What computes, in a sentence. */
  readonly backend: string
  readonly #bytes: number
  readonly #stages: readonly Stage[]
  readonly #constants: Constants
  readonly #normalise: (pixels: Uint8Array) => tf.Tensor4D
  readonly #pace: Pace

  /**
   * Makes one, and tries it, so that every layer asks for its weights.
   *
   * @param sample a picture of u8 [height, width, 3].
   * @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID` when the weights do not fit the stages, or some are left over
   * (but for a `classifier`, which only training needs); `HAMMINGBIRD_BACKEND` when nothing that is allowed computes.
   */
  static async open (program: Program, sample: Uint8Array, { backend, step = othersFirst }: RunnerOptions = {}): Promise<Runner> {
    const runner = new Runner(program, (await openBackend(backend)).sentence)
    try {
      await runner.run(sample, 1, step, () => undefined)
      const strangers = runner.#constants.seal().filter(name => !name.startsWith('classifier.'))
      if (strangers.length > 0) throw invalidModel(`the weights do not fit the network: it has no ${strangers[0]}`)
      runner.#pace.forget() // that pass made the tensors
      await runner.run(sample, 1, step, () => undefined)
      return runner
    } catch (err) {
      runner.dispose()
      throw err instanceof HammingbirdError ? err : invalidModel(`the network cannot be run: ${(err as Error).message}`, err)
    }
  }

  private constructor ({ picture, stages, norm, weights }: Program, backend: string) {
    this.backend = backend
    this.#bytes = inputBytes(picture.input)
    this.#stages = stages
    this.#constants = new Constants(norm === undefined ? weights : foldNorms(weights, norm))
    this.#normalise = normaliser(picture)
    this.#pace = new Pace(stages.length)
  }

  /**
   * Runs pictures through all stages, so many at once as steps allow. While it waits for `step`, it may be run again.
   *
   * @param pixels u8 [count, height, width, 3]
   * @param take given what the last stage made, row by row, of the pictures from `from` on; in order.
   */
  async run (pixels: Uint8Array, count: number, step: Step, take: (from: number, rows: readonly Float32Array[]) => void): Promise<void> {
    if (pixels.length !== count * this.#bytes) throw new RangeError(`${count} pictures take ${count * this.#bytes} bytes, got ${pixels.length}`)
    const turn = this.#pace.begin(step)
    for (let from = 0; from < count;) {
      const to = Math.min(count, from + this.#pace.atOnce(count - from))
      let x: tf.Tensor = this.#normalise(pixels.subarray(from * this.#bytes, to * this.#bytes))
      try {
        for (const [at, stage] of this.#stages.entries()) {
          await turn(at, to - from, () => {
            const y = tf.tidy(() => stage.run(x, this.#constants))
            x.dispose()
            x = y
          })
        }
        const values = await x.data<'float32'>()
        const width = values.length / (to - from)
        take(from, Array.from({ length: to - from }, (_, i) => values.subarray(i * width, (i + 1) * width)))
      } finally {
        x.dispose()
      }
      from = to
    }
  }

  /** Frees what was uploaded. Not while a run is on its way. */
  dispose (): void {
    this.#constants.dispose()
  }

  [Symbol.dispose] (): void {
    this.dispose()
  }
}

/** A step where nobody has said what to wait for. */
export function othersFirst (): Promise<void> {
  return new Promise(resolve => { setImmediate(resolve) })
}
