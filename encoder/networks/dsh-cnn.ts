import { convolution } from '../layers/convolution.js'
import { maxPool } from '../layers/pooling.js'
import { tf } from '../tf.js'
import { buildEnding } from './ending.js'
import type { Backbone, Network, Settings } from './network.js'

/**
 * The network of DSH (Liu et al. 2016) for pictures of 32×32 pixels, with the pooling of Xie 2019 in place of its last: windows of 5×5, maximum,
 * 5×5, mean, 5×5, then the setting `pooling`. A hidden layer of 500 units belongs to it: the setting `hidden` of the head. No batch norm.
 *
 * Settings: `width`, channels of the first two convolutions (32; the third has twice as many); `pooling` (fusion) and `levels`.
 */
export const dshCnn: Network = { name: 'dsh-cnn', build }

function build (settings: Settings): Backbone {
  const width = settings.number('width', { from: 4, to: 256, otherwise: 32 })
  const ending = buildEnding(settings, 2 * width, 'fusion')
  const window = { size: 5, activation: 'relu' } as const
  return {
    stages: [
      { name: 'conv1', run: (x, p) => maxPool(convolution(p, 'conv1', x as tf.Tensor4D, { ...window, filters: width }), { size: 3, stride: 2 }) },
      { name: 'conv2', run: (x, p) => tf.avgPool(convolution(p, 'conv2', x as tf.Tensor4D, { ...window, filters: width }), 3, 2, 'valid') },
      { name: 'conv3', run: (x, p) => convolution(p, 'conv3', x as tf.Tensor4D, { ...window, filters: 2 * width }) },
      ending.stage
    ],
    features: ending.features
  }
}
