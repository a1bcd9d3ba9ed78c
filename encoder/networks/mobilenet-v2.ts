import { convolution, depthwise } from '../layers/convolution.js'
import type { Padding } from '../layers/padding.js'
import type { Parameters } from '../layers/parameters.js'
import { globalAveragePool } from '../layers/pooling.js'
import { tf } from '../tf.js'
import type { Backbone, Network, Settings, Stage } from './network.js'

/**
 * MobileNet v2 (Sandler et al. 2018): 17 inverted residuals, which widen, look at each channel by itself, and narrow
 * without an activation. Features: 1280, and more for a `width` above 1.
 *
 * Settings: `width` (1), `padding` of the strided layers and `epsilon` of the norms, which differ by where the weights
 * were trained: Keras `same` and 1e-3, PyTorch `symmetric` and 1e-5.
 */
export const mobilenetV2: Network = { name: 'mobilenet-v2', build }

/** Of each group: how many times wider inside, channels out, blocks, stride of the first. */
const GROUPS = [[1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 3, 2], [6, 64, 4, 2], [6, 96, 3, 1], [6, 160, 3, 2], [6, 320, 1, 1]] as const

interface Block {
  readonly name: string
  readonly expansion: number
  readonly filters: number
  readonly stride: number
  readonly padding: Padding
  readonly norm: number
}

function build (settings: Settings): Backbone {
  const width = settings.number('width', { from: 0.1, to: 2, otherwise: 1, whole: false })
  const padding = settings.choice('padding', ['same', 'symmetric'], 'same')
  const norm = settings.number('epsilon', { from: 1e-9, to: 1, otherwise: 1e-3, whole: false })
  const last = width > 1 ? multipleOf8(1280 * width) : 1280
  const stages: Stage[] = [{
    name: 'conv1',
    run: (x, p) => convolution(p, 'conv1', x as tf.Tensor4D, { filters: multipleOf8(32 * width), size: 3, stride: 2, padding, norm, activation: 'relu6' })
  }]
  for (const [expansion, channels, blocks, stride] of GROUPS) {
    for (let i = 0; i < blocks; i++) {
      const block = { name: `block${stages.length - 1}`, expansion, filters: multipleOf8(channels * width), stride: i === 0 ? stride : 1, padding, norm }
      stages.push({ name: block.name, run: (x, p) => invertedResidual(p, x as tf.Tensor4D, block) })
    }
  }
  stages.push({
    name: 'last',
    run: (x, p) => globalAveragePool(convolution(p, 'last', x as tf.Tensor4D, { filters: last, size: 1, norm, activation: 'relu6' }))
  })
  return { stages, features: last, norm }
}

function invertedResidual (p: Parameters, x: tf.Tensor4D, { name, expansion, filters, stride, padding, norm }: Block): tf.Tensor4D {
  const channels = x.shape[3]
  const wide = expansion === 1 ? x : convolution(p, `${name}.expand`, x, { filters: channels * expansion, size: 1, norm, activation: 'relu6' })
  const each = depthwise(p, `${name}.depthwise`, wide, { size: 3, stride, padding, norm, activation: 'relu6' })
  const narrow = convolution(p, `${name}.project`, each, { filters, size: 1, norm })
  return stride === 1 && channels === filters ? tf.add(narrow, x) : narrow
}

/** The nearest multiple of 8 that is not more than a tenth below. */
function multipleOf8 (channels: number): number {
  const nearest = Math.max(8, Math.floor((channels + 4) / 8) * 8)
  return nearest < 0.9 * channels ? nearest + 8 : nearest
}
