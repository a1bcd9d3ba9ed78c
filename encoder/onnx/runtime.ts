import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** What we need of onnxruntime-node, which is not among our dependencies: it brings the libraries of five systems, 290 MB. */
export interface OnnxRuntime {
  readonly version: string
  readonly Tensor: new (type: 'uint8' | 'float32', data: Uint8Array | Float32Array, dims: readonly number[]) => OnnxTensor
  readonly InferenceSession: { create (model: Uint8Array, options: Readonly<Record<string, unknown>>): Promise<OnnxSession> }
}

export interface OnnxTensor {
  readonly data: unknown
  readonly dims: readonly number[]
}

export interface OnnxSession {
  run (feeds: Readonly<Record<string, OnnxTensor>>): Promise<Readonly<Record<string, OnnxTensor>>>
  release (): Promise<void>
}

const require = createRequire(import.meta.url)

/** @throws Error that says what to do, where it is not set up or does not load. */
export function loadOnnx (): OnnxRuntime {
  let main: string
  try {
    main = require.resolve('onnxruntime-node')
  } catch {
    throw new Error('not set up: npm run setup:native -- --onnx')
  }
  const runtime = require(main) as OnnxRuntime & { readonly env: { logLevel: string } }
  runtime.env.logLevel = 'error'
  const { version } = JSON.parse(readFileSync(join(dirname(main), '..', 'package.json'), 'utf8')) as { version: string }
  return { Tensor: runtime.Tensor, InferenceSession: runtime.InferenceSession, version }
}

/** As many threads as TensorFlow would have; 0: one a core. */
export function onnxOptions (): Readonly<Record<string, unknown>> {
  const threads = Number(process.env['TF_NUM_INTRAOP_THREADS'] ?? 0)
  return {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    interOpNumThreads: 1,
    ...threads > 0 && { intraOpNumThreads: threads },
    extra: { session: { intra_op: { allow_spinning: '0' } } } // a thread that waits leaves its core to others
  }
}
