import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { HammingbirdError } from '../../errors.js'
import { invalidModel } from '../model-files.js'
import { elements, type NamedTensor } from '../safetensors.js'
import type { Imported } from './imported.js'
import { KERAS_NETWORKS, type KerasNetwork } from './keras-names.js'

/** As tfjs writes it: bytes may be 8 or 16 bits wide, value = q · scale + min. */
interface Entry {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: string
  readonly quantization?: { readonly dtype: string, readonly min?: number, readonly scale?: number }
}

interface Layer {
  readonly class_name: string
  readonly config: Record<string, unknown> & { readonly layers?: readonly Layer[] } | readonly Layer[]
}

/** Names that Keras gives the numbers of a layer, and ours. */
const PARTS: Readonly<Record<string, string>> = {
  kernel: 'kernel', depthwise_kernel: 'kernel', bias: 'bias', gamma: 'gamma', beta: 'beta', moving_mean: 'mean', moving_variance: 'variance'
}

/**
 * Imports a TensorFlow.js layers model: a folder with `model.json` and its weights. Which network it is, and with which
 * settings, follows from the names and shapes in it; of its program nothing is run.
 *
 * @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID` when it is damaged, or none of our networks.
 */
export async function importLayersFolder (directory: string): Promise<Imported> {
  const read = (file: string): Promise<Buffer> => readFile(join(directory, file)).catch((cause: unknown) => { throw invalidModel(`${file} cannot be read`, cause) })
  let model: { modelTopology?: unknown, weightsManifest?: readonly { readonly paths: readonly string[], readonly weights: readonly Entry[] }[] }
  try {
    model = JSON.parse((await read('model.json')).toString('utf8')) as typeof model
  } catch (cause) {
    throw cause instanceof HammingbirdError ? cause : invalidModel('model.json is no JSON', cause)
  }
  if (!Array.isArray(model?.weightsManifest)) throw invalidModel('model.json lists no weights')

  const tensors = new Map<string, NamedTensor>()
  const hash = createHash('sha256')
  for (const { paths, weights } of model.weightsManifest as NonNullable<typeof model.weightsManifest>) {
    if (!Array.isArray(paths) || !Array.isArray(weights) || paths.some(path => typeof path !== 'string' || path !== basename(path))) throw invalidModel('model.json: a group of weights without files beside it')
    const bytes = Buffer.concat(await Promise.all((paths as string[]).map(read)))
    hash.update(bytes)
    let at = 0
    for (const entry of weights as readonly Entry[]) {
      const { tensor, size } = numbers(entry, bytes, at)
      tensors.set(entry.name, tensor)
      at += size
    }
    if (at !== bytes.length) throw invalidModel(`weights take ${at} bytes, their files have ${bytes.length}`)
  }
  const network = KERAS_NETWORKS.find(network => fits(network, [...tensors.keys()]))
  if (network === undefined) throw invalidModel(`no network of ours has these layers: ${[...tensors.keys()].slice(0, 4).join(', ')} …`)

  const weights = new Map<string, NamedTensor>()
  for (const [name, tensor] of tensors) {
    const ours = renamed(network, name)
    if (ours === null || ours === undefined) continue
    // A classifier that is a convolution of one pixel over means is a dense layer.
    weights.set(ours, ours === 'classifier.kernel' ? { ...tensor, shape: tensor.shape.slice(-2) } : tensor)
  }
  return { network: network.network, settings: network.settings(weights, { symmetric: padsBothSides(model.modelTopology), epsilon: epsilon(model.modelTopology) }), weights, sha256: hash.digest('hex') }
}

function fits (network: KerasNetwork, names: readonly string[]): boolean {
  return names.every(name => renamed(network, name) !== undefined) && names.some(name => name.startsWith(network.mark))
}

/** Our name; null for what is left out, undefined for what this network does not have. */
function renamed (network: KerasNetwork, name: string): string | null | undefined {
  const [layer, part] = name.split('/').slice(-2) as [string, string | undefined]
  const found = network.layers.find(([pattern]) => pattern.test(layer))
  if (found === undefined || found[1] === null) return found && null
  return part !== undefined && Object.hasOwn(PARTS, part) ? `${layer.replace(found[0], found[1])}.${PARTS[part]!}` : undefined
}

function numbers ({ name, shape, dtype, quantization }: Entry, bytes: Buffer, at: number): { tensor: NamedTensor, size: number } {
  if (typeof name !== 'string' || dtype !== 'float32') throw invalidModel(`weights: ${name} is of type ${dtype}, only float32 is read`)
  if (!Array.isArray(shape) || !shape.every(side => Number.isSafeInteger(side) && side >= 0)) throw invalidModel(`weights: ${name} has no shape`)
  const count = elements(shape)
  const width = { uint8: 1, uint16: 2, float32: 4 }[quantization?.dtype ?? 'float32']
  if (width === undefined) throw invalidModel(`weights: ${name} is kept as ${quantization?.dtype}, which is not read`)
  const size = count * width
  if (at + size > bytes.length) throw invalidModel(`weights: ${name} ends after its file`)
  const own = new Uint8Array(bytes.subarray(at, at + size)) // a copy, and so aligned
  if (quantization === undefined) return { tensor: { shape, data: new Float32Array(own.buffer) }, size }
  const { min, scale } = quantization
  if (!Number.isFinite(min) || !Number.isFinite(scale)) throw invalidModel(`weights: ${name} lacks its scale`)
  const steps = width === 1 ? own : new Uint16Array(own.buffer)
  return { tensor: { shape, data: Float32Array.from(steps, step => step * scale! + min!) }, size }
}

function * layersOf (topology: unknown): Generator<Layer> {
  const model = ((topology as { model_config?: unknown } | undefined)?.model_config ?? topology) as Layer | undefined
  const layers = Array.isArray(model?.config) ? model.config as readonly Layer[] : (model?.config as { layers?: readonly Layer[] } | undefined)?.layers
  for (const layer of Array.isArray(layers) ? layers as readonly Layer[] : []) {
    yield layer
    if (['Model', 'Functional', 'Sequential'].includes(layer?.class_name)) yield * layersOf(layer)
  }
}

/** Whether borders are filled as PyTorch does, a pixel on every side. */
function padsBothSides (topology: unknown): boolean {
  return [...layersOf(topology)].some(({ class_name: kind, config }) =>
    kind === 'ZeroPadding2D' && JSON.stringify((config as Record<string, unknown>)['padding']) === '[[1,1],[1,1]]')
}

function epsilon (topology: unknown): number | undefined {
  const norm = [...layersOf(topology)].find(layer => layer.class_name === 'BatchNormalization')
  const value = norm && (norm.config as Record<string, unknown>)['epsilon']
  return typeof value === 'number' ? value : undefined
}
