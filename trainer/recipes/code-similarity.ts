import { codeSimilarity as objective } from '../objectives/code-similarity.js'
import { fromNothing } from './defaults.js'
import type { Recipe } from './recipe.js'

/** Liu 2024 (CSDH). Choices: `labelSimilarity` and `embedding` β, weights of its two parts, 0 to ablate one; `quantization` η. */
export const codeSimilarity: Recipe = {
  name: 'code-similarity',
  about: 'one fully connected hash layer; label similarity together with the Hamming embedding distance (Liu 2024, CSDH)',
  plan: (_, choices) => {
    const weight = (name: string, otherwise: number): number => choices.number(name, { from: 0, to: 100, otherwise, whole: false })
    const options = { labelSimilarity: weight('labelSimilarity', 1), embedding: weight('embedding', 1), quantization: weight('quantization', 0.1) }
    return { network: 'small-cnn', settings: {}, objective: ({ outputs, labels }) => objective(outputs, labels, options), training: fromNothing }
  }
}
