import { convolution } from '../layers/convolution.js'
import { dense } from '../layers/dense.js'
import { globalAveragePool, maxPool } from '../layers/pooling.js'
import { tf } from '../tf.js'
import type { Backbone, Network, Settings, Stage } from './network.js'

/**
 * VGG16 (Simonyan and Zisserman 2014): 13 convolutions in five groups, each followed by pooling, then two dense layers.
 * No batch norm.
 *
 * Settings: `ending`: `dense` (4096 features, for pictures of the size its weights were trained at) or `average`
 * (512 features: the mean of what the convolutions say, for any size, and a ninth of the weights).
 */
export const vgg16: Network = { name: 'vgg16', build }

/** Channels and convolutions of each group. */
const GROUPS = [[64, 2], [128, 2], [256, 3], [512, 3], [512, 3]] as const

function build (settings: Settings): Backbone {
  const ending = settings.choice('ending', ['dense', 'average'], 'dense')
  const stages: Stage[] = []
  for (const [group, [filters, convolutions]] of GROUPS.entries()) {
    for (let i = 1; i <= convolutions; i++) {
      const name = `conv${group + 1}.${i}`
      stages.push({
        name,
        run: (x, p) => {
          const y = convolution(p, name, x as tf.Tensor4D, { filters, size: 3, activation: 'relu' })
          return i === convolutions ? maxPool(y, { size: 2, stride: 2 }) : y
        }
      })
    }
  }
  if (ending === 'average') return { stages: [...stages, { name: 'pool', run: x => globalAveragePool(x as tf.Tensor4D) }], features: 512 }
  stages.push(
    { name: 'fc6', run: (x, p) => dense(p, 'fc6', tf.reshape(x, [x.shape[0]!, -1]), 4096, 'relu') },
    { name: 'fc7', run: (x, p) => dense(p, 'fc7', x as tf.Tensor2D, 4096, 'relu') })
  return { stages, features: 4096 }
}
