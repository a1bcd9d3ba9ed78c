import type { tf } from '../../encoder/tf.js'
import { cosineMargin } from '../objectives/cosine-margin.js'
import { interrelated as highlyInterrelated } from '../objectives/interrelated.js'
import { largeMargin } from '../objectives/large-margin.js'
import { fromNothing } from './defaults.js'
import type { Recipe } from './recipe.js'

/** Of the steps, those in which the sensitivity rises from 1. */
const RISE = 0.3

/**
 * He 2020. Choices: `loss`, `interrelated`, or of its family `large-margin` and `cosine-margin` to compare with; `scale` s; `sensitivity` λ, which rises to its
 * value from 1 over the first 30 % of the steps; `quantization` α.
 */
export const interrelated: Recipe = {
  name: 'interrelated',
  about: 'a unary loss that acts on the sensitivity to the weight matrix (He 2020, DHIH)',
  plan: ({ bits, classes }, choices) => {
    const loss = choices.choice('loss', ['interrelated', 'large-margin', 'cosine-margin'], 'interrelated')
    const scale = choices.number('scale', { from: 0.1, to: 100, otherwise: 8, whole: false })
    const sensitivity = choices.number('sensitivity', { from: 1, to: 20, otherwise: 2, whole: false })
    const quantization = choices.number('quantization', { from: 0, to: 100, otherwise: 0, whole: false })
    return {
      network: 'small-cnn',
      settings: {},
      objective: ({ outputs, labels, parameters, progress }) => {
        const weights = parameters.get('classifier.kernel', [classes, bits], { kind: 'lecun', fanIn: bits }) as tf.Tensor2D
        if (loss === 'cosine-margin') return cosineMargin(outputs, weights, labels, scale)
        if (loss === 'large-margin') return largeMargin(outputs, weights, labels, 2, 100 * Math.max(0, 1 - progress / RISE) ** 4)
        return highlyInterrelated(outputs, weights, labels, { scale, quantization, sensitivity: 1 + (sensitivity - 1) * Math.min(1, progress / RISE) })
      },
      training: fromNothing
    }
  }
}
