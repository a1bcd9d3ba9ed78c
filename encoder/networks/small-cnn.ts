import { activate } from '../layers/activation.js'
import { convolution } from '../layers/convolution.js'
import { tripletAttention } from '../layers/triplet-attention.js'
import { tf } from '../tf.js'
import { buildEnding } from './ending.js'
import type { Backbone, Network, Settings, Stage } from './network.js'

/**
 * A small network for pictures of about 32×32 pixels that learns fast from nothing: the shape of airbench94 (K. Jordan. 94 % on CIFAR-10
 * in 3.29 Seconds on a Single GPU. 2024). Windows of 2×2 first, which the trainer may set to whiten what they see; then three groups of
 * convolution, pooling, convolution.
 *
 * Departures: ReLU for GELU, whose gradient takes half as long again; no fixed scale of the logits.
 *
 * Settings: `width`, channels of the first group (64; the others have four times as many); `attention`, after the last group
 * (`none`, `last`) or after each (`all`); `shortcuts`: around the second convolution of each group (`identity`, which makes it a residual network) or
 * `none`; `pooling` (max) and `levels`; `mirror`, whether an encoded picture is seen from both sides (`mean` of its
 * features and those of its mirror image, for twice the work) or as it is (`none`). Training sees one side at a time.
 */
export const smallCnn: Network = { name: 'small-cnn', build }

/** Filters of the first layer: each of the 12 numbers of a window whitened, and its opposite. */
export const STEM_FILTERS = 24
const NORM = 1e-5

function build (settings: Settings): Backbone {
  const width = settings.number('width', { from: 8, to: 256, otherwise: 64 })
  const attention = settings.choice('attention', ['none', 'last', 'all'], 'none')
  const shortcuts = settings.choice('shortcuts', ['none', 'identity'], 'none') === 'identity'
  const mirrors = settings.choice('mirror', ['none', 'mean'], 'none') === 'mean'
  const ending = buildEnding(settings, 4 * width, 'max')
  const stages: Stage[] = [{
    name: 'stem',
    run: (x, p) => {
      const sides = mirrors && !p.training ? tf.concat4d([x as tf.Tensor4D, tf.reverse4d(x as tf.Tensor4D, 2)], 0) : x as tf.Tensor4D
      return convolution(p, 'stem', sides, { filters: STEM_FILTERS, size: 2, padding: 'none', activation: 'relu' })
    }
  }]
  for (const [group, filters] of [width, 4 * width, 4 * width].entries()) {
    const name = `group${group + 1}`
    const attends = attention === 'all' || (attention === 'last' && group === 2)
    stages.push(
      { name: `${name}.0`, run: (x, p) => convolution(p, `${name}.0`, x as tf.Tensor4D, { filters, size: 3, norm: NORM, initial: 'passing', pool: { size: 2, stride: 2 }, activation: 'relu' }) },
      {
        name: `${name}.1`,
        run: (x, p) => {
          const own = convolution(p, `${name}.1`, x as tf.Tensor4D, { filters, size: 3, norm: NORM, initial: 'passing', activation: shortcuts ? 'linear' : 'relu' })
          const y = shortcuts ? activate(tf.add<tf.Tensor4D>(own, x as tf.Tensor4D), 'relu', p.training) : own
          return attends ? tripletAttention(p, `${name}.attention`, y, NORM) : y
        }
      })
  }
  stages.push({
    name: 'pool',
    run: (x, p) => {
      const seen = ending.stage.run(x, p) as tf.Tensor2D
      return mirrors && !p.training ? tf.mean(tf.reshape(seen, [2, seen.shape[0] / 2, ending.features]), 0) : seen
    }
  })
  return { stages, features: ending.features, norm: NORM }
}
