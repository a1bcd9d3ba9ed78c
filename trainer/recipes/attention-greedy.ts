import type { tf } from '../../encoder/tf.js'
import { greedyHash } from '../objectives/greedy-hash.js'
import { fromNothing } from './defaults.js'
import type { Recipe } from './recipe.js'

/**
 * Fu 2024. Choice: `penalty` α. The thesis's network is VGG16, pretrained; where pictures have 32×32 pixels and no such weights are at hand, it
 * is VGG16's form for them, trained from nothing, at half width.
 */
export const attentionGreedy: Recipe = {
  name: 'attention-greedy',
  about: 'three-branch cross-dimensional attention, classes read from the signs themselves (Fu 2024; GreedyHash, Su 2018)',
  plan: ({ bits, classes }, choices) => {
    const penalty = choices.number('penalty', { from: 0, to: 100, otherwise: 0.1, whole: false })
    return {
      network: 'vgg16-32',
      settings: { width: 32, attention: 'last' },
      objective: ({ outputs, labels, parameters }) => {
        const classifier = parameters.get('classifier.kernel', [bits, classes], { kind: 'lecun', fanIn: bits }) as tf.Tensor2D
        return greedyHash(outputs, classifier, labels, penalty)
      },
      training: { ...fromNothing, rate: 0.1 }
    }
  }
}
