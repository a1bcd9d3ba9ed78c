import { HammingbirdError } from '../../errors.js'
import type { Manifest } from '../../registry/manifest.js'
import type { Parameters } from '../layers/parameters.js'
import { tf } from '../tf.js'
import { dshCnn } from './dsh-cnn.js'
import { buildHead, type Head } from './head.js'
import { mobilenetV1 } from './mobilenet-v1.js'
import { mobilenetV2 } from './mobilenet-v2.js'
import { Settings, type Backbone, type Network } from './network.js'
import { resnet18 } from './resnet18.js'
import { resnet20, resnet56 } from './resnet-cifar.js'
import { smallCnn } from './small-cnn.js'
import { squeezenet } from './squeezenet.js'
import { vgg16For32 } from './vgg16-32.js'
import { vgg16 } from './vgg16.js'

const NETWORKS: ReadonlyMap<string, Network> = new Map(
  [resnet20, resnet56, resnet18, mobilenetV1, mobilenetV2, squeezenet, vgg16, smallCnn, vgg16For32, dshCnn].map(network => [network.name, network]))

/** The names that a manifest may have as its network. */
export const networkNames: readonly string[] = [...NETWORKS.keys()]

/** A network and what makes codes of its features. */
export interface HashNetwork {
  readonly backbone: Backbone
  readonly head: Head
}

/**
 * The network a manifest names, with its settings.
 *
 * @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID` for one we do not have, and for settings that cannot be.
 */
export function buildNetwork ({ network, settings, bits, detail }: Pick<Manifest, 'network' | 'settings' | 'bits' | 'detail'>): HashNetwork {
  const read = new Settings(settings)
  const backbone = networkOf(network).build(read)
  const head = buildHead(read, bits, detail, backbone.norm)
  read.done()
  return { backbone, head }
}

/** The same without what makes codes: for features. */
export function buildBackbone (network: string, settings: Readonly<Record<string, unknown>>): Backbone {
  const read = new Settings(settings)
  const backbone = networkOf(network).build(read)
  read.done()
  return backbone
}

function networkOf (name: string): Network {
  const found = NETWORKS.get(name)
  if (found === undefined) throw new HammingbirdError('HAMMINGBIRD_MODEL_INVALID', `no network is called ${name}; there are ${networkNames.join(', ')}`)
  return found
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
