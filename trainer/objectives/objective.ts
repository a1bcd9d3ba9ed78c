import type { Parameters } from '../../encoder/layers/parameters.js'
import type { tf } from '../../encoder/tf.js'

/** What an objective is given of a step. */
export interface ObjectiveStep {
  /** The hash layer before the sign, [n, bits]. */
  readonly outputs: tf.Tensor2D
  /** [n, classes], 0 and 1. */
  readonly labels: tf.Tensor2D
  /** For weights of its own: names begin with `classifier`, and encoding needs none of them. */
  readonly parameters: Parameters
  /** 0 at the first step, nearing 1 at the last. */
  readonly progress: number
  readonly step: number
}

/** What the training loop makes small: a loss of one step. The papers' formulas stand beside, one a file. */
export type Objective = (step: ObjectiveStep) => tf.Scalar
