import { labelCosine } from '../objectives/label-cosine.js'
import { fromNothing } from './defaults.js'
import type { Recipe } from './recipe.js'

/**
 * Qiang 2019. Choices: `similarity`, `cosine` or `binary`, the one to compare with; `soft`, `cosine`, which retrieves best where there are hundreds of labels, `idhn` (with
 * `binary`, every pair then hard) or `isdh`; `quantization`; `steepness` β and `balance` γ.
 *
 * The paper fine-tunes a pretrained network; on pictures of 32×32 pixels one learns from nothing: the small network with shortcuts, which sees three times as
 * many pictures a second as ResNet-20 (`resnet20`).
 */
export const multilabelResidual: Recipe = {
  name: 'multilabel-residual',
  about: 'a residual network with a hash layer; similarity is the cosine of label vectors, in levels (Qiang 2019)',
  plan: (_, choices) => {
    const similarity = choices.choice('similarity', ['cosine', 'binary'], 'cosine')
    const soft = choices.choice('soft', ['idhn', 'isdh', 'cosine'], similarity === 'binary' ? 'idhn' : 'cosine')
    const quantization = choices.number('quantization', { from: 0, to: 100, otherwise: 0.1, whole: false })
    const steepness = choices.number('steepness', { from: 0.1, to: 100, otherwise: 5, whole: false })
    const balance = choices.number('balance', { from: 0, to: 1000, otherwise: { idhn: 0.1, isdh: 10, cosine: 1 }[soft], whole: false })
    return {
      network: 'small-cnn',
      settings: { shortcuts: 'identity' },
      objective: ({ outputs, labels }) => labelCosine(outputs, labels, { soft, similarity, quantization, steepness, balance }),
      training: fromNothing
    }
  }
}
