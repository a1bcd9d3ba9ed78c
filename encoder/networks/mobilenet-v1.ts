import { convolution, depthwise } from '../layers/convolution.js'
import { globalAveragePool } from '../layers/pooling.js'
import type { tf } from '../tf.js'
import type { Backbone, Network, Settings, Stage } from './network.js'

/**
 * MobileNet v1 (Howard et al. 2017): after one convolution, 13 pairs of a depthwise one and one of a single pixel.
 * Features: 1024 · width.
 *
 * Settings: `width` (1), `padding` of the strided layers and `epsilon` of the norms, which differ by where the weights
 * were trained: Keras `same` and 1e-3, PyTorch `symmetric` and 1e-5.
 */
export const mobilenetV1: Network = { name: 'mobilenet-v1', build }

/** Channels that come out of each pair, and its stride. */
const PAIRS = [[64, 1], [128, 2], [128, 1], [256, 2], [256, 1], [512, 2], [512, 1], [512, 1], [512, 1], [512, 1], [512, 1], [1024, 2], [1024, 1]] as const

function build (settings: Settings): Backbone {
  const width = settings.number('width', { from: 0.1, to: 2, otherwise: 1, whole: false })
  const padding = settings.choice('padding', ['same', 'symmetric'], 'same')
  const norm = settings.number('epsilon', { from: 1e-9, to: 1, otherwise: 1e-3, whole: false })
  const stages: Stage[] = [{
    name: 'conv1',
    run: (x, p) => convolution(p, 'conv1', x as tf.Tensor4D, { filters: Math.floor(32 * width), size: 3, stride: 2, padding, norm, activation: 'relu6' })
  }]
  for (const [i, [filters, stride]] of PAIRS.entries()) {
    const name = `block${i + 1}`
    stages.push({
      name,
      run: (x, p) => {
        const each = depthwise(p, `${name}.depthwise`, x as tf.Tensor4D, { size: 3, stride, padding, norm, activation: 'relu6' })
        return convolution(p, `${name}.pointwise`, each, { filters: Math.floor(filters * width), size: 1, norm, activation: 'relu6' })
      }
    })
  }
  stages.push({ name: 'pool', run: x => globalAveragePool(x as tf.Tensor4D) })
  return { stages, features: Math.floor(1024 * width), norm }
}
