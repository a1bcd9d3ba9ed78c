import { tf } from '../../encoder/tf.js'
import { hashCentres } from '../objectives/centres.js'
import { cosineMargin } from '../objectives/cosine-margin.js'
import { csq as centralSimilarity, imageCentres } from '../objectives/csq.js'
import { dpsh as pairwiseLabels } from '../objectives/dpsh.js'
import { dsh as supervised } from '../objectives/dsh.js'
import { hashNet } from '../objectives/hashnet.js'
import type { Objective } from '../objectives/objective.js'
import { Random } from '../random.js'
import { fromNothing } from './defaults.js'
import type { Recipe, Task } from './recipe.js'

/**
 * The deep baselines: published objectives on the small network of the recipes, with their settings, so that only the
 * objective differs. DSH's is divided by the bits, which its distances grow with, so that one rate does for all. The orthogonal one has the batch norm on its hash layer that its paper asks for.
 */
export const deepBaselines: readonly Recipe[] = [
  baseline('dsh', 'contrastive loss (Liu 2016)', () => ({ outputs, labels }) => tf.div(supervised(outputs, labels), outputs.shape[1])),
  baseline('dpsh', 'likelihood of pairs (Li 2016)', () => ({ outputs, labels }) => pairwiseLabels(outputs, labels)),
  baseline('hashnet', 'balanced pairs, a tanh that grows steeper (Cao 2017)', () => ({ outputs, labels, progress }) =>
    hashNet(outputs, labels, Math.sqrt(1 + Math.floor(10 * progress)))),
  baseline('csq', 'a hash centre a class (Yuan 2020)', ({ classes, bits, seed }) => {
    const centres = hashCentres(classes, bits, seed)
    const tie = Float32Array.from(new Random(seed).permutation(bits), at => at < bits / 2 ? 1 : -1)
    return ({ outputs, labels }) => centralSimilarity(outputs, imageCentres(labels, tf.tensor2d(centres, [classes, bits]), tf.tensor1d(tie)))
  }),
  baseline('orthohash', 'cosine to orthogonal centres (Hoe 2021)', ({ classes, bits, seed }) => {
    const centres = hashCentres(classes, bits, seed)
    return ({ outputs, labels }) => cosineMargin(outputs, tf.tensor2d(centres, [classes, bits]), labels)
  }, { hashNorm: 'batch' })
]

function baseline (name: string, about: string, objective: (task: Task) => Objective, settings = {}): Recipe {
  return { name, about, plan: task => ({ network: 'small-cnn', settings, objective: objective(task), training: fromNothing }) }
}
