import type { Settings } from '../../encoder/networks/network.js'
import type { Objective } from '../objectives/objective.js'
import type { TrainingOptions } from '../train.js'

/** What a recipe is to teach. */
export interface Task {
  readonly bits: number
  /** How many labels there are. */
  readonly classes: number
  /** Every picture has one label. */
  readonly exclusive: boolean
  readonly seed: number
}

/** A network, what it is to make small, and how. */
export interface Plan {
  /** Of `encoder/networks`. */
  readonly network: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly objective: Objective
  /** What is read from the outputs of an encoded set instead of their signs, [n, bits]: for baselines that no server encodes with. @default the outputs */
  readonly reads?: (outputs: Float32Array) => Float32Array
  readonly training: Omit<TrainingOptions, 'seed'>
}

/** One of the systems of the literature as a whole: one a file. */
export interface Recipe {
  readonly name: string
  /** In a line: what it is, and from where. */
  readonly about: string
  /** The plan for a task. @param choices of the recipe, each read once: those it does not know are refused. */
  readonly plan: (task: Task, choices: Settings) => Plan
}
