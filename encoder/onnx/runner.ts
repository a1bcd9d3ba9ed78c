import { inputBytes } from '../encoder.js'
import { invalidModel } from '../model-files.js'
import { Pace } from '../pace.js'
import type { Program, Runner, Step } from '../runner.js'
import { Recording } from './recording.js'
import { loadOnnx, onnxOptions, type OnnxRuntime, type OnnxSession, type OnnxTensor } from './runtime.js'

/** The runner over ONNX Runtime on the CPU: a third less work than TensorFlow there, and as little for few pictures as for many. */
export class OnnxRunner implements Runner {
  readonly backend: string
  readonly #runtime: OnnxRuntime
  readonly #sessions: readonly OnnxSession[]
  readonly #dims: readonly number[]
  readonly #bytes: number
  readonly #pace: Pace

  /**
   * Makes one, and tries it.
   *
   * @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID` as `openRunner` does; any other error where there is no ONNX Runtime, or the
   * network cannot be written down for it.
   */
  static async open (program: Program, sample: Uint8Array, step: Step): Promise<OnnxRunner> {
    const runtime = loadOnnx()
    const options = onnxOptions()
    const sessions: OnnxSession[] = []
    try {
      using recording = new Recording(program)
      for (let segment = recording.next(); segment !== undefined; segment = recording.next()) {
        sessions.push(await runtime.InferenceSession.create(segment.model, options))
        await step()
      }
      const runner = new OnnxRunner(runtime, sessions, program.picture)
      await runner.run(sample, 1, step, () => undefined)
      runner.#pace.forget() // that run made what they keep
      await runner.run(sample, 1, step, () => undefined)
      return runner
    } catch (err) {
      await Promise.all(sessions.map(session => session.release()))
      throw err
    }
  }

  private constructor (runtime: OnnxRuntime, sessions: readonly OnnxSession[], { input }: Program['picture']) {
    this.backend = `ONNX Runtime ${runtime.version} on the CPU`
    this.#runtime = runtime
    this.#sessions = sessions
    this.#dims = [input.height, input.width, 3]
    this.#bytes = inputBytes(input)
    this.#pace = new Pace(sessions.length)
  }

  async run (pixels: Uint8Array, count: number, step: Step, take: (from: number, rows: readonly Float32Array[]) => void): Promise<void> {
    if (pixels.length !== count * this.#bytes) throw new RangeError(`${count} pictures take ${count * this.#bytes} bytes, got ${pixels.length}`)
    const turn = this.#pace.begin(step)
    for (let from = 0; from < count;) {
      const to = Math.min(count, from + this.#pace.atOnce(count - from))
      let x: OnnxTensor = new this.#runtime.Tensor('uint8', pixels.subarray(from * this.#bytes, to * this.#bytes), [to - from, ...this.#dims])
      for (const [at, session] of this.#sessions.entries()) {
        await turn(at, to - from, async () => {
          const { y } = await session.run({ x })
          x = y!
        })
      }
      const values = x.data as Float32Array
      if (values.length % (to - from) !== 0) throw invalidModel(`${values.length} numbers came of ${to - from} pictures`)
      const width = values.length / (to - from)
      take(from, Array.from({ length: to - from }, (_, i) => values.subarray(i * width, (i + 1) * width)))
      from = to
    }
  }

  dispose (): void {
    for (const session of this.#sessions) void session.release()
  }

  [Symbol.dispose] (): void {
    this.dispose()
  }
}
