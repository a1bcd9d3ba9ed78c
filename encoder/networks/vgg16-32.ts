import { convolution } from '../layers/convolution.js'
import { maxPool } from '../layers/pooling.js'
import { tripletAttention } from '../layers/triplet-attention.js'
import type { tf } from '../tf.js'
import { buildEnding } from './ending.js'
import type { Backbone, Network, Settings, Stage } from './network.js'

/**
 * VGG16 for pictures of 32×32 pixels: its 13 convolutions, with batch norms, without which it hardly learns from nothing.
 * Pooling after the first three groups only, so that a map of 4×4 is left at the end for attention and pooling to look at.
 *
 * Settings: `width`, channels of the first group (64); `attention`: three-branch attention after the last convolution
 * (`last`), after groups 3, 4 and 5 (`groups`) or nowhere (`none`); `pooling` (mean) and `levels`.
 */
export const vgg16For32: Network = { name: 'vgg16-32', build }

/** Channels, in widths, and convolutions of each group. */
const GROUPS = [[1, 2], [2, 2], [4, 3], [8, 3], [8, 3]] as const
const POOLED = 3
const NORM = 1e-5

function build (settings: Settings): Backbone {
  const width = settings.number('width', { from: 8, to: 128, otherwise: 64 })
  const attention = settings.choice('attention', ['none', 'last', 'groups'], 'none')
  const ending = buildEnding(settings, 8 * width, 'mean')
  const stages: Stage[] = []
  for (const [group, [widths, convolutions]] of GROUPS.entries()) {
    const attends = (attention === 'groups' && group >= 2) || (attention === 'last' && group === GROUPS.length - 1)
    for (let i = 1; i <= convolutions; i++) {
      const name = `conv${group + 1}.${i}`
      stages.push({
        name,
        run: (x, p) => {
          const y = convolution(p, name, x as tf.Tensor4D, { filters: widths * width, size: 3, norm: NORM, activation: 'relu' })
          if (i < convolutions) return y
          const seen = attends ? tripletAttention(p, `attention${group + 1}`, y, NORM) : y
          return group < POOLED ? maxPool(seen, { size: 2, stride: 2 }) : seen
        }
      })
    }
  }
  return { stages: [...stages, ending.stage], features: ending.features, norm: NORM }
}
