import { HammingbirdError } from '../errors.js'
import type { Stage } from './networks/network.js'
import { inputBytes } from './encoder.js'
import { Constants } from './layers/constants.js'
import { foldNorms } from './layers/fold.js'
import { invalidModel } from './model-files.js'
import { Pace } from './pace.js'
import { normaliser } from './pixels.js'
import type { Program, Runner, Step } from './runner.js'
import { tf } from './tf.js'

/**
 * The runner over TensorFlow.js, stage by stage. All it has uploaded is freed by `dispose`; between two runs it holds its weights
 * and no other tensor.
 */
export class TensorRunner implements Runner {
  readonly backend: string
  readonly #bytes: number
  readonly #stages: readonly Stage[]
  readonly #constants: Constants
  readonly #normalise: (pixels: Uint8Array) => tf.Tensor4D
  readonly #pace: Pace

  /**
   * Makes one, and tries it, so that every layer asks for its weights. What computes has been opened.
   *
   * @param backend what that is, in a sentence.
   * @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID` as `openRunner` does.
   */
  static async open (program: Program, sample: Uint8Array, backend: string, step: Step): Promise<TensorRunner> {
    const runner = new TensorRunner(program, backend)
    try {
      await runner.run(sample, 1, step, () => undefined)
      runner.#constants.sealOrRefuse()
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

  dispose (): void {
    this.#constants.dispose()
  }

  [Symbol.dispose] (): void {
    this.dispose()
  }
}
