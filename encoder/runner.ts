import { HammingbirdError } from '../errors.js'
import type { Manifest } from '../registry/manifest.js'
import type { Stage } from './networks/network.js'
import { OnnxRunner } from './onnx/runner.js'
import type { Tensors } from './safetensors.js'
import { TensorRunner } from './tensor-runner.js'
import { checkedBackend, hasDriver, openBackend, sentenceOf, type BackendOptions, type Skipped } from './tf.js'

/** Awaited between steps: whoever else waits for this process goes first. */
export type Step = () => Promise<void> | void

export interface RunnerOptions {
  /** @default what works, the fastest first */
  readonly backend?: BackendOptions
  /** Whether ONNX Runtime is tried before TensorFlow on the CPU. @default false */
  readonly onnx?: boolean
  /** What was tried before, for the sentence. @default nothing */
  readonly skipped?: readonly Skipped[]
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
 * longer.
 */
export interface Runner extends Disposable {
  /** What computes, in a sentence. */
  readonly backend: string
  /**
   * Runs pictures through all stages, so many at once as steps allow. While it waits for `step`, it may be run again.
   *
   * @param pixels u8 [count, height, width, 3]
   * @param take given what the last stage made, row by row, of the pictures from `from` on; in order.
   */
  run (pixels: Uint8Array, count: number, step: Step, take: (from: number, rows: readonly Float32Array[]) => void): Promise<void>
  /** Frees what it holds. Not while a run is on its way. */
  dispose (): void
}

/**
 * Makes a runner over what computes fastest here, and tries it: TensorFlow on a GPU, ONNX Runtime, then the rest of TensorFlow.js. A network that
 * cannot be written down for ONNX Runtime runs on what comes behind it; `backend` says why.
 *
 * @param sample a picture of u8 [height, width, 3].
 * @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID` when the weights do not fit the stages, or some are left over
 * (but for a `classifier`, which only training needs); `HAMMINGBIRD_BACKEND` when nothing that is allowed computes.
 */
export async function openRunner (program: Program, sample: Uint8Array, { backend, onnx = false, skipped = [], step = othersFirst }: RunnerOptions = {}): Promise<Runner> {
  const { only, gpu } = checkedBackend(backend)
  const tries = gpu !== 'required' && (only === 'onnx' || (only === undefined && onnx))
  if (!tries) return await overTensors(program, sample, backend, skipped, step)
  // Where there is a GPU, only TensorFlow knows whether it can be used.
  if (only === undefined && gpu !== 'off' && hasDriver() && (await openBackend(backend)).name === 'gpu') return await overTensors(program, sample, backend, skipped, step)
  try {
    return await OnnxRunner.open(program, sample, step)
  } catch (err) {
    if (err instanceof HammingbirdError) throw err
    const reason = (err as Error).message.split('\n')[0]!
    if (only === 'onnx') throw new HammingbirdError('HAMMINGBIRD_BACKEND', `no ONNX Runtime: ${reason}`, { cause: err })
    return await overTensors(program, sample, backend, [...skipped, { name: 'onnx', reason }], step)
  }
}

async function overTensors (program: Program, sample: Uint8Array, options: BackendOptions | undefined, passed: readonly Skipped[], step: Step): Promise<Runner> {
  const { what, skipped } = await openBackend(options)
  return await TensorRunner.open(program, sample, sentenceOf(what, [...skipped, ...passed]), step)
}

/** A step where nobody has said what to wait for. */
export function othersFirst (): Promise<void> {
  return new Promise(resolve => { setImmediate(resolve) })
}
