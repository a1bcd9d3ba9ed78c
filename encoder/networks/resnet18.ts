import { activate } from '../layers/activation.js'
import { convolution } from '../layers/convolution.js'
import type { Parameters } from '../layers/parameters.js'
import { globalAveragePool, maxPool } from '../layers/pooling.js'
import { tf } from '../tf.js'
import type { Backbone, Network, Settings, Stage } from './network.js'

/**
 * ResNet-18 (He et al. 2015, table 1), as torchvision has it: 4 groups of 2 blocks, shortcuts that change their width by
 * a convolution of one pixel. Features: 512.
 */
export const resnet18: Network = { name: 'resnet18', build }

const NORM = 1e-5
const BLOCKS = 2

function build (_settings: Settings): Backbone {
  const stages: Stage[] = [{
    name: 'conv1',
    run: (x, p) => maxPool(convolution(p, 'conv1', x as tf.Tensor4D, { filters: 64, size: 7, stride: 2, norm: NORM, activation: 'relu' }),
      { size: 3, stride: 2, padding: 'symmetric' })
  }]
  for (const [group, filters] of [64, 128, 256, 512].entries()) {
    for (let block = 0; block < BLOCKS; block++) {
      const name = `layer${group + 1}.${block}`
      stages.push({ name, run: (x, p) => residual(p, name, x as tf.Tensor4D, filters, group > 0 && block === 0 ? 2 : 1) })
    }
  }
  stages.push({ name: 'pool', run: x => globalAveragePool(x as tf.Tensor4D) })
  return { stages, features: 512, norm: NORM }
}

function residual (p: Parameters, name: string, x: tf.Tensor4D, filters: number, stride: 1 | 2): tf.Tensor4D {
  const inner = convolution(p, `${name}.conv1`, x, { filters, size: 3, stride, norm: NORM, activation: 'relu' })
  const outer = convolution(p, `${name}.conv2`, inner, { filters, size: 3, norm: NORM })
  const shortcut = stride === 1 ? x : convolution(p, `${name}.shortcut`, x, { filters, size: 1, stride, norm: NORM })
  return activate(tf.add(outer, shortcut), 'relu', p.training)
}
