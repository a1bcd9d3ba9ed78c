import { existsSync } from 'node:fs'
import { HammingbirdError } from '../errors.js'
import { loadJavaScript } from './backends/javascript.js'
import { loadGpu, loadNative } from './backends/native.js'
import { loadWasm } from './backends/wasm.js'

/**
 * The one door to TensorFlow.js: `import { tf } from '../encoder/tf.js'`. It is the union package: its core alone has
 * no gradients under Node. Nothing may be computed before `openBackend` has answered.
 */
export * as tf from '@tensorflow/tfjs'

/** From the fastest to the slowest, which is the order they are tried in. */
export const BACKENDS = ['gpu', 'native', 'wasm', 'javascript'] as const
export type BackendName = typeof BACKENDS[number]
/** What can be asked for: ONNX Runtime encodes, and nothing else; it is no backend of TensorFlow. */
export type EncodingBackend = BackendName | 'onnx'

/** Whether a GPU is used: where there is one, or never, or nothing else will do. */
export type GpuUse = 'auto' | 'required' | 'off'
const GPU_USES: readonly string[] = ['auto', 'required', 'off'] satisfies readonly GpuUse[]

export interface BackendOptions {
  /** @default HAMMINGBIRD_GPU of the environment, or `auto` */
  readonly gpu?: GpuUse
  /** The only one to try. @default HAMMINGBIRD_BACKEND of the environment, or the fastest that works */
  readonly only?: EncodingBackend
}

/** A backend that was passed over. */
export interface Skipped {
  readonly name: EncodingBackend
  readonly reason: string
}

/** What computes, and why nothing faster does. */
export interface Backend {
  readonly name: BackendName
  /** For people: what it is. */
  readonly what: string
  /** For people, in a sentence, the reasons for those skipped included. */
  readonly sentence: string
  readonly skipped: readonly Skipped[]
  /** Whether gradients are right: those of wasm are not. */
  readonly trains: boolean
}

const LOADERS: Record<BackendName, (gpu: GpuUse) => Promise<string>> = {
  gpu: loadGpu,
  native: loadNative,
  wasm: loadWasm,
  javascript: loadJavaScript
}

/**
 * Chooses what computes in this process: the first of gpu, native, wasm, javascript that works here. There is one a
 * process; asked again with other options, it changes for all that follows.
 *
 * A GPU hidden by `off` stays hidden: native TensorFlow looks for devices once, when it is first loaded.
 *
 * @throws HammingbirdError `HAMMINGBIRD_BACKEND` with the reasons, when none that is allowed works.
 */
export async function openBackend (options: BackendOptions = {}): Promise<Backend> {
  const { gpu, only } = checkedBackend(options)
  if (only === 'onnx') throw new HammingbirdError('HAMMINGBIRD_BACKEND', 'no TensorFlow backend: onnx encodes, and nothing else')
  const allowed = BACKENDS.filter(name => (only ?? name) === name && (gpu !== 'required' || name === 'gpu'))
  const skipped: Skipped[] = []
  for (const name of allowed) {
    try {
      const what = await LOADERS[name](gpu)
      return { name, what, sentence: sentenceOf(what, skipped), skipped, trains: name !== 'wasm' }
    } catch (err) {
      skipped.push({ name, reason: (err instanceof Error ? err.message : String(err)).split('\n')[0]! })
    }
  }
  throw new HammingbirdError('HAMMINGBIRD_BACKEND',
    `no TensorFlow backend: ${skipped.map(({ name, reason }) => `${name}: ${reason}`).join('; ') || `${only} is not allowed where a GPU is required`}`)
}

/** What computes, and why nothing faster does, for people. */
export function sentenceOf (what: string, skipped: readonly Skipped[]): string {
  const why = skipped.map(({ name, reason }) => `no ${name}: ${reason}`).join('; ')
  return why === '' ? what : `${what} (${why})`
}

/** Whether there may be a GPU that can be used. */
export function hasDriver (): boolean {
  return existsSync('/proc/driver/nvidia/version')
}

/** With what the environment says. @throws RangeError for what cannot be asked for. */
export function checkedBackend ({ gpu = process.env['HAMMINGBIRD_GPU'] as GpuUse | undefined, only = process.env['HAMMINGBIRD_BACKEND'] as EncodingBackend | undefined }: BackendOptions = {}): { readonly gpu: GpuUse, readonly only: EncodingBackend | undefined } {
  if (gpu !== undefined && !GPU_USES.includes(gpu)) throw new RangeError(`gpu must be one of ${GPU_USES.join(', ')}, got ${gpu}`)
  if (only !== undefined && only !== 'onnx' && !BACKENDS.includes(only)) throw new RangeError(`backend must be one of ${BACKENDS.join(', ')}, onnx, got ${only}`)
  return { gpu: gpu ?? 'auto', only }
}
