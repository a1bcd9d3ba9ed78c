import { createHash } from 'node:crypto'
import { invalidModel } from '../model-files.js'
import { readSafetensors, type NamedTensor } from '../safetensors.js'
import type { Imported } from './imported.js'
import { permute } from './permute.js'
import { TORCH_NETWORKS, type TorchNetwork } from './torch-names.js'

const NORM_PARTS: Readonly<Record<string, string>> = { weight: 'gamma', bias: 'beta', running_mean: 'mean', running_var: 'variance' }
const PARTS: Readonly<Record<string, string>> = { weight: 'kernel', bias: 'bias' }

/** Channels of the last convolution of VGG16. */
const VGG_CHANNELS = 512

/**
 * Imports the weights of a PyTorch network from a safetensors file (torchvision's names, or those of
 * akamaster/pytorch_resnet_cifar10 for the small residual networks). Which network it is follows from the names.
 *
 * Layouts are turned into ours: convolutions [out, in, height, width] → [height, width, in, out], depthwise ones
 * [channels, 1, height, width] → [height, width, channels, 1], dense layers [out, in] → [in, out]; and the dense layer
 * after a picture expects its pixels channel by channel there, and here pixel by pixel.
 *
 * @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID` when it is damaged, or none of our networks.
 */
export function importTorch (file: Uint8Array): Imported {
  const tensors = new Map([...readSafetensors(file)].map(([name, tensor]) => [name.replace(/^module\./, ''), tensor])) // DataParallel's
  const names = [...tensors.keys()].filter(name => !name.endsWith('.num_batches_tracked'))
  const network = TORCH_NETWORKS.find(network => tensors.has(network.mark) && names.every(name => renamed(network, name) !== undefined))
  if (network === undefined) throw invalidModel(`no network of ours has these layers: ${names.slice(0, 4).join(', ')} …`)

  const weights = new Map<string, NamedTensor>()
  for (const name of names) {
    const ours = renamed(network, name)!
    if (ours !== null) weights.set(ours, turned(ours, tensors.get(name)!))
  }
  return { network: network.network, settings: network.settings(weights), weights, sha256: createHash('sha256').update(file).digest('hex') }
}

/** Our name; null for what is left out, undefined for what this network does not have. */
function renamed ({ layers }: TorchNetwork, name: string): string | null | undefined {
  const dot = name.lastIndexOf('.')
  const [layer, part] = [name.slice(0, dot), name.slice(dot + 1)]
  for (const { pattern, into, norm = false } of layers) {
    if (!pattern.test(layer)) continue
    if (into === null) return null
    const parts = norm ? NORM_PARTS : PARTS
    return Object.hasOwn(parts, part) ? `${layer.replace(pattern, into)}.${parts[part]!}` : undefined
  }
  return undefined
}

function turned (ours: string, tensor: NamedTensor): NamedTensor {
  if (!(tensor.data instanceof Float32Array)) throw invalidModel(`${ours} does not hold floats`)
  if (!ours.endsWith('.kernel')) return tensor
  if (tensor.shape.length === 4) return permute(tensor, ours.endsWith('.depthwise.kernel') ? [2, 3, 0, 1] : [2, 3, 1, 0])
  if (tensor.shape.length !== 2) throw invalidModel(`${ours} has the shape [${tensor.shape.join()}], which no layer has`)
  if (ours !== 'fc6.kernel') return permute(tensor, [1, 0])
  const [units, inputs] = tensor.shape as [number, number]
  const side = Math.round(Math.sqrt(inputs / VGG_CHANNELS))
  if (side * side * VGG_CHANNELS !== inputs) throw invalidModel(`${ours} takes ${inputs} inputs, which are no square picture of ${VGG_CHANNELS} channels`)
  const { data } = permute({ shape: [units, VGG_CHANNELS, side, side], data: tensor.data }, [2, 3, 1, 0])
  return { shape: [inputs, units], data }
}
