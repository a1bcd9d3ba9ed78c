import { labelCosine } from '../objectives/label-cosine.js'
import { cosine } from '../schedule.js'
import { fromNothing } from './defaults.js'
import type { Recipe } from './recipe.js'

/**
 * Qiang 2019. Choices: `soft`, `idhn` or `isdh`; `similarity`, `cosine` or `binary`, the one to compare with; `quantization`.
 *
 * The paper fine-tunes a pretrained network; on pictures of 32×32 pixels it learns from nothing.
 */
export const multilabelResidual: Recipe = {
  name: 'multilabel-residual',
  about: 'a residual network with a hash layer; similarity is the cosine of label vectors, in levels (Qiang 2019)',
  plan: (_, choices) => {
    const soft = choices.choice('soft', ['idhn', 'isdh'], 'idhn')
    const similarity = choices.choice('similarity', ['cosine', 'binary'], 'cosine')
    const quantization = choices.number('quantization', { from: 0, to: 100, otherwise: 0.1, whole: false })
    return {
      network: 'resnet20',
      settings: {},
      objective: ({ outputs, labels }) => labelCosine(outputs, labels, { soft, similarity, quantization }),
      training: { ...fromNothing, batchSize: 128, rate: 0.1, schedule: cosine(), rateOf: () => 1 }
    }
  }
}
