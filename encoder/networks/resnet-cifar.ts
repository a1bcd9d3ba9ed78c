import { activate } from '../layers/activation.js'
import { convolution } from '../layers/convolution.js'
import type { Parameters } from '../layers/parameters.js'
import { globalAveragePool } from '../layers/pooling.js'
import { tf } from '../tf.js'
import type { Backbone, Network, Settings, Stage } from './network.js'

/** ResNet-20: 3 groups of 3 blocks. */
export const resnet20: Network = { name: 'resnet20', build: settings => build(settings, 3) }

/** ResNet-56: 3 groups of 9 blocks. */
export const resnet56: Network = { name: 'resnet56', build: settings => build(settings, 9) }

/**
 * The residual networks for pictures of 32×32 pixels (He et al., Deep Residual Learning for Image Recognition, 2015,
 * §4.2): groups of 16, 32 and 64 channels, no parameter in a shortcut. Where the channels double, the shortcut takes
 * every second pixel and has zeros for the new channels, half of them before and half behind the old.
 *
 * Settings: `width`, channels of the first group (16).
 */
function build (settings: Settings, blocks: number): Backbone {
  const width = settings.number('width', { from: 4, to: 256, otherwise: 16 })
  const stages: Stage[] = [{ name: 'conv1', run: (x, p) => convolution(p, 'conv1', x as tf.Tensor4D, { filters: width, size: 3, norm: NORM, activation: 'relu' }) }]
  for (const [group, filters] of [width, 2 * width, 4 * width].entries()) {
    for (let block = 0; block < blocks; block++) {
      const name = `layer${group + 1}.${block}`
      stages.push({ name, run: (x, p) => residual(p, name, x as tf.Tensor4D, filters, group > 0 && block === 0 ? 2 : 1) })
    }
  }
  stages.push({ name: 'pool', run: x => globalAveragePool(x as tf.Tensor4D) })
  return { stages, features: 4 * width, norm: NORM }
}

const NORM = 1e-5

function residual (p: Parameters, name: string, x: tf.Tensor4D, filters: number, stride: 1 | 2): tf.Tensor4D {
  const inner = convolution(p, `${name}.conv1`, x, { filters, size: 3, stride, norm: NORM, activation: 'relu' })
  const outer = convolution(p, `${name}.conv2`, inner, { filters, size: 3, norm: NORM })
  return activate(tf.add(outer, stride === 1 ? x : widened(x, filters)), 'relu', p.training)
}

function widened (x: tf.Tensor4D, filters: number): tf.Tensor4D {
  const more = filters - x.shape[3]
  const before = Math.floor(more / 2)
  // A mean over one pixel at stride 2 is every second pixel; a strided slice has no gradient.
  return tf.pad4d(tf.avgPool(x, 1, 2, 'valid'), [[0, 0], [0, 0], [0, 0], [before, more - before]])
}
