import { dense } from '../../encoder/layers/dense.js'
import { combined, separatedClasses, separatedCodes } from '../objectives/multitask.js'
import { fromNothing } from './defaults.js'
import type { Recipe } from './recipe.js'

/**
 * Xie 2019. Choices: `strategy`, `combined` (both losses in every step), `separated` (classes in the first half, codes in the second) or
 * `alternate` (step by step); `contrast` β, `entropy` ε, `quantization` α and `smoothing` of the objective.
 *
 * The thesis's own small network is `dsh-cnn` with `hidden` 500.
 */
export const multitask: Recipe = {
  name: 'multitask',
  about: 'classification and contrastive loss on one network, pooling over several scales (Xie 2019)',
  plan: ({ bits, classes, exclusive }, choices) => {
    const strategy = choices.choice('strategy', ['combined', 'separated', 'alternate'], 'combined')
    const weight = (name: string, otherwise: number): number => choices.number(name, { from: 0, to: 1000, otherwise, whole: false })
    const options = { exclusive, contrast: weight('contrast', 1 / bits), entropy: weight('entropy', 0.1), quantization: weight('quantization', 0.01), smoothing: choices.number('smoothing', { from: 0, to: 0.9, otherwise: 0.1, whole: false }) }
    return {
      network: 'small-cnn',
      settings: { pooling: 'fusion' },
      objective: ({ outputs, labels, parameters, progress, step }) => {
        const onCodes = strategy === 'alternate' ? step % 2 === 1 : progress >= 0.5
        if (strategy !== 'combined' && onCodes) return separatedCodes(outputs, labels, options)
        const logits = dense(parameters, 'classifier', outputs, classes)
        return strategy === 'combined' ? combined(outputs, logits, labels, options) : separatedClasses(logits, labels, options)
      },
      training: fromNothing
    }
  }
}
