import type { Row } from '../row.js'
import type { ComparisonRow } from './rows.js'

/** What is to be reached, and by which rows. */
export interface Goal {
  readonly what: string
  /** Where the figure to be reached comes from. */
  readonly from: string
  readonly least: number
  readonly figure: (row: Row) => number
  readonly of: (row: Row) => boolean
}

const mAP = (row: Row): number => row.mAP
/** Trained in this run: a saved model says nothing of what it took. */
const here = (row: Row): boolean => row.choices['model'] === undefined
const systems = ['multitask', 'attention-greedy', 'interrelated', 'multilabel-residual', 'code-similarity']

/** In the order that they are reported in. */
export const goals: readonly Goal[] = [
  {
    what: 'F, 48 or 64 bits, from scratch, within 180 CPU minutes: mAP',
    from: 'GreedyHash states 0.944, pretrained on ImageNet (10,000 queries)',
    least: 0.94,
    figure: mAP,
    of: row => row.protocol === 'F' && (row.bits === 48 || row.bits === 64) && here(row) && row.cpuMinutes <= 180 && systems.includes(row.recipe)
  },
  ...systems.map(name => ({
    what: `F, \`${name}\`, within 45 CPU minutes: mAP`,
    from: 'the paper\'s claim',
    least: 0.9,
    figure: mAP,
    of: (row: Row) => row.protocol === 'F' && row.recipe === name && here(row) && row.cpuMinutes <= 45
  })),
  { what: 'T, 48 or 64 bits, from scratch: mAP', from: 'as F', least: 0.935, figure: mAP, of: row => row.protocol === 'T' && row.bits >= 48 && systems.includes(row.recipe) },
  {
    what: 'S, 48 bits, pretrained: mAP',
    from: 'AlexNet in DeepHash-pytorch: DTSH 0.800, HashNet 0.782, GreedyHash 0.817',
    least: 0.82,
    figure: mAP,
    of: row => row.protocol === 'S' && row.bits === 48
  },
  {
    what: 'F, 32 bits: precision within 2 less mAP (at most 0.02 below it)',
    from: 'tables that look within distance 2 live on it',
    least: -0.02,
    figure: row => row.precisionWithin2 - row.mAP,
    of: row => row.protocol === 'F' && row.bits === 32 && systems.includes(row.recipe)
  }
]

/** What is to be reached by the lower end of an interval. */
export const comparisonGoals: readonly { readonly what: string, readonly from: string, readonly above: number, readonly of: (row: ComparisonRow) => boolean }[] = [
  {
    what: 'Corel5K, NDCG@100, cosine levels / binary similarity: the whole 95 % interval',
    from: 'Qiang 2019: 1.0432 and 1.1114 times the mAP of others',
    above: 1,
    of: row => row.of.startsWith('Corel5K') && row.metric === 'ndcg' && row.compare === 'ratio'
  }
]
