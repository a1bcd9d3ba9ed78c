import { HammingbirdError } from '../../errors.js'
import type { Parameters } from '../layers/parameters.js'
import { tf } from '../tf.js'
import { mobilenetV1 } from './mobilenet-v1.js'
import { mobilenetV2 } from './mobilenet-v2.js'
import { Settings, type Backbone, type Network } from './network.js'
import { resnet18 } from './resnet18.js'
import { resnet20, resnet56 } from './resnet-cifar.js'
import { squeezenet } from './squeezenet.js'
import { vgg16 } from './vgg16.js'

const NETWORKS: ReadonlyMap<string, Network> = new Map(
  [resnet20, resnet56, resnet18, mobilenetV1, mobilenetV2, squeezenet, vgg16].map(network => [network.name, network]))

/** The names that a manifest may have as its network. */
export const networkNames: readonly string[] = [...NETWORKS.keys()]

/**
 * The network a manifest names, with its settings.
 *
 * @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID` for one we do not have, and for settings that cannot be.
 */
export function buildNetwork (name: string, settings: Readonly<Record<string, unknown>>): Backbone {
  const network = NETWORKS.get(name)
  if (network === undefined) throw new HammingbirdError('HAMMINGBIRD_MODEL_INVALID', `no network is called ${name}; there are ${networkNames.join(', ')}`)
  const read = new Settings(settings)
  const backbone = network.build(read)
  read.done()
  return backbone
}

/**
 * All stages in one go: what training wants.
 *
 * @param x [n, height, width, 3], normalised
 * @returns [n, features]
 */
export function features (backbone: Backbone, x: tf.Tensor4D, parameters: Parameters): tf.Tensor2D {
  return backbone.stages.reduce<tf.Tensor>((x, stage) => stage.run(x, parameters), x) as tf.Tensor2D
}
