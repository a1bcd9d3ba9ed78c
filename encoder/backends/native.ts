import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import util from 'node:util'
import * as tf from '@tensorflow/tfjs'
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js'
import type { TFEOpAttr } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js'
import { activate } from './activate.js'

const require = createRequire(import.meta.url)

/** TensorFlow's own library on a GPU. */
export async function loadGpu (gpu: 'auto' | 'required' | 'off'): Promise<string> {
  if (gpu === 'off') throw new Error('switched off')
  const backend = await load()
  if (!backend.isUsingGpuDevice) throw new Error(whyNone())
  return `native TensorFlow ${version(backend)} on a GPU`
}

/** TensorFlow's own library on the CPU. */
export async function loadNative (gpu: 'auto' | 'required' | 'off'): Promise<string> {
  if (gpu === 'off') process.env['CUDA_VISIBLE_DEVICES'] = '-1' // read once, when the library looks for devices
  const backend = await load()
  if (backend.isUsingGpuDevice) throw new Error('it has taken the GPU in this process already')
  return `native TensorFlow ${version(backend)} on the CPU`
}

/** Which library the binding is linked with; undefined where it is not set up. */
export function nativeSetup (): { readonly distribution: string, readonly tensorflow: string, readonly library: string } | undefined {
  const root = dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json'))
  const stamp = join(root, 'lib', 'hammingbird.json')
  return existsSync(stamp) && existsSync(bindingPath(root)) ? require(stamp) as { distribution: string, tensorflow: string, library: string } : undefined
}

function bindingPath (root: string): string {
  return join(root, 'lib', 'napi-v8', 'tfjs_binding.node')
}

function whyNone (): string {
  if (!existsSync('/proc/driver/nvidia/version')) return 'this machine has no NVIDIA driver'
  return nativeSetup()?.distribution === 'tensorflow-cpu' ? 'the library was built without CUDA, run: npm run setup:native -- --cuda' : 'TensorFlow found none, see nvidia-smi'
}

async function load (): Promise<NodeJSKernelBackend> {
  const root = dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json'))
  if (!existsSync(bindingPath(root))) throw new Error('not set up: npm run setup:native')
  // Two helpers that Node 23 took away and the binding's JavaScript still calls, at its first op.
  const helpers = util as { isNullOrUndefined?: (value: unknown) => boolean, isArray?: (value: unknown) => boolean }
  helpers.isNullOrUndefined ??= value => value === null || value === undefined
  helpers.isArray ??= Array.isArray
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2' // the library's own log: errors only
  process.env['TF_ENABLE_ONEDNN_OPTS'] ??= '1' // off by default on processors without VNNI; convolutions there take up to 40 % less time with it as well
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true' // else the first process takes all of the GPU's memory
  tf.enableProdMode()
  require('@tensorflow/tfjs-node-gpu') // registers itself
  await activate('tensorflow')
  return tf.backend() as NodeJSKernelBackend
}

function version (backend: NodeJSKernelBackend): string {
  return (backend.binding as unknown as { TF_Version: string }).TF_Version
}

/** Runs a TensorFlow op by its name. Types are given as `FLOAT`, numbers are floats; attributes that are lists cannot be passed. */
export type RunOp = (op: string, attributes: Readonly<Record<string, OpAttribute>>, inputs: readonly tf.Tensor[], outputs: number) => tf.Tensor[]
export type OpAttribute = typeof FLOAT | string | boolean | number
/** The type float32, as an op's attribute. */
export const FLOAT = { dtype: 'float32' } as const

/**
 * The way to TensorFlow's ops by name, for the few that tfjs has no function for; undefined on every other backend, where
 * the caller takes its portable road.
 */
export function nativeOps (): RunOp | undefined {
  const backend = tf.backend() as Partial<NodeJSKernelBackend>
  if (typeof backend.executeMultipleOutputs !== 'function') return undefined
  const { binding } = backend as NodeJSKernelBackend
  const encode = ([name, value]: [string, OpAttribute]): TFEOpAttr => {
    if (typeof value === 'object') return { name, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }
    if (typeof value === 'string') return { name, type: binding.TF_ATTR_STRING, value }
    if (typeof value === 'boolean') return { name, type: binding.TF_ATTR_BOOL, value }
    return { name, type: binding.TF_ATTR_FLOAT, value }
  }
  return (op, attributes, inputs, outputs) =>
    (backend as NodeJSKernelBackend).executeMultipleOutputs(op, Object.entries(attributes).map(encode), [...inputs], outputs)
}
