import { codeOfSigns } from '../hamming/code.js'
import type { Manifest } from '../registry/manifest.js'
import type { Parameters } from './layers/parameters.js'
import { invalidModel, readModelFiles, type Recorded } from './model-files.js'
import { buildNetwork } from './networks/networks.js'
import { OnnxRunner } from './onnx/runner.js'
import { openRunner, othersFirst, type Runner, type RunnerOptions, type Step } from './runner.js'
import type { Tensors } from './safetensors.js'
import { checkedBackend, tf } from './tf.js'

/** What a session makes of `count` pictures, one after the other. */
export interface Encoded {
  /** `count` codes of bits / 8 bytes. */
  readonly codes: Uint8Array
  /** [count, bits], where asked for. */
  readonly outputs?: Float32Array
  /** [count, detail], where the manifest has any. */
  readonly detail?: Int8Array
}

/** Outputs may differ by this much of the largest: libraries and devices add in different orders. */
const TOLERANCE = 5e-3

/**
 * Loads a model for encoding: checks its files, folds its batch norms, and holds it to its recorded outputs. ONNX Runtime computes, where there
 * is one and no GPU, and it gives them; else TensorFlow does.
 *
 * @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID` for a model that is damaged, lies, or computes something else;
 * `HAMMINGBIRD_BACKEND` when nothing that is allowed can compute.
 */
export async function loadSession (manifest: Manifest, directory: string, options: RunnerOptions = {}): Promise<Session> {
  const { weights, recorded } = await readModelFiles(manifest, directory)
  const open = async (options: RunnerOptions): Promise<Session> => {
    const session = await Session.open(manifest, weights, recorded.pixels.subarray(0, recorded.pixels.length / recorded.count), options)
    try {
      await reproduces(session, recorded, options.step ?? othersFirst)
      return session
    } catch (err) {
      session.dispose()
      // TensorFlow made what is recorded: it has the last word on it.
      if (!session.onOnnx || options.onnx === undefined) throw err
      return await open({ ...options, onnx: false, skipped: [{ name: 'onnx', reason: (err as Error).message }] })
    }
  }
  const { only } = checkedBackend(options.backend)
  return await open(only === undefined ? { onnx: true, ...options } : options)
}

/** A loaded model: pixels in, codes out. One process may have several. */
export class Session implements Disposable {
  readonly #manifest: Manifest
  readonly #runner: Runner

  /**
   * A session of weights that are in memory, whatever they were recorded to give.
   *
   * @param sample a picture to try it on.
   */
  static async open (manifest: Manifest, weights: Tensors, sample: Uint8Array, options: RunnerOptions = {}): Promise<Session> {
    const { backbone, head } = buildNetwork(manifest)
    const last = {
      name: 'head',
      run: (x: tf.Tensor, p: Parameters): tf.Tensor => {
        const outputs = head.outputs(x as tf.Tensor2D, p)
        return head.detail === undefined ? outputs : tf.concat2d([outputs, head.detail(x as tf.Tensor2D, p)], 1)
      }
    }
    return new Session(manifest, await openRunner({ picture: manifest, stages: [...backbone.stages, last], norm: backbone.norm, weights }, sample, options))
  }

  private constructor (manifest: Manifest, runner: Runner) {
    this.#manifest = manifest
    this.#runner = runner
  }

  /** What computes, in a sentence. */
  get backend (): string {
    return this.#runner.backend
  }

  /** Whether ONNX Runtime computes. */
  get onOnnx (): boolean {
    return this.#runner instanceof OnnxRunner
  }

  /**
   * Encodes pictures in steps of at most 50 ms, as far as a single stage on a single picture takes no longer. Between
   * steps it waits for `step`, which may have this session encode something else meanwhile.
   *
   * @param pixels u8 [count, height, width, 3], RGB, in the size of the manifest's input.
   * @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID` when a picture drives the model to outputs that are no numbers.
   */
  async encode (pixels: Uint8Array, count: number, { outputs: wanted = false }: { readonly outputs?: boolean }, step: Step): Promise<Encoded> {
    const { bits, detail } = this.#manifest
    const codes = new Uint8Array(count * bits / 8)
    const outputs = new Float32Array(wanted ? count * bits : 0)
    const details = new Int8Array(count * detail)
    await this.#runner.run(pixels, count, step, (from, rows) => {
      for (const [i, row] of rows.entries()) {
        if (!row.every(Number.isFinite)) throw invalidModel('the model gives outputs that are no numbers')
        const real = row.subarray(0, bits)
        codes.set(codeOfSigns(real), (from + i) * bits / 8)
        if (wanted) outputs.set(real, (from + i) * bits)
        for (let d = 0; d < detail; d++) details[(from + i) * detail + d] = Math.max(-127, Math.min(127, Math.round(row[bits + d]!)))
      }
    })
    return { codes, ...wanted && { outputs }, ...detail > 0 && { detail: details } }
  }

  /** Frees what was uploaded. Not while an `encode` runs. */
  dispose (): void {
    this.#runner.dispose()
  }

  [Symbol.dispose] (): void {
    this.dispose()
  }
}

async function reproduces (session: Session, { pixels, count, outputs: expected }: Recorded, step: Step): Promise<void> {
  const { outputs } = await session.encode(pixels, count, { outputs: true }, step)
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - outputs![i]!)), 0)
  if (!(worst <= TOLERANCE * largest)) { // which NaN is not either
    throw invalidModel(`the model does not give its recorded outputs: off by ${worst.toPrecision(3)} where the largest is ${largest.toPrecision(3)}`)
  }
}
