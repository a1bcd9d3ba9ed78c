import type { Recipe } from '../../trainer/recipes/recipe.js'
import { pixelsAt } from '../../trainer/datasets/dataset.js'
import { labelsAt } from '../../trainer/labels.js'
import type { TrainingJob } from '../../trainer/train.js'
import { codeAt, codeSet, codesOfOutputs, type CodeSet } from '../code-set.js'
import { runDeep, type DeepChoices } from '../deep.js'
import { pairedBootstrap, type Comparison } from '../metrics/paired-bootstrap.js'
import type { Labelled } from '../metrics/tally.js'
import { retrieval } from '../retrieval.js'
import { saveModel } from '../saved.js'
import type { LabelledItems } from './labelled-items.js'

/** Most held-out items that are searched with: more say little more, and take time. */
const QUERIES = 5000

/** How a version retrieves. */
export interface Figures {
  readonly mAP: number
  readonly standardError: number
  readonly precisionWithin2: number
}

/** A candidate against the version that was live, on the same items. */
export interface Verdict {
  readonly live: Figures
  readonly candidate: Figures
  /** Of mAP, candidate − live, by query. */
  readonly difference: Comparison
  readonly trainedOn: number
  readonly queries: number
  readonly cpuMs: number
  readonly wallMs: number
}

/**
 * Trains a candidate on what is not held out, writes it as a model that can be published, and compares it with the live version: held-out items
 * search all others, whose codes each version made itself.
 *
 * @param directory where the model goes.
 * @throws as `train`.
 */
export async function trainCandidate (recipe: Recipe, items: LabelledItems, choices: DeepChoices, directory: string, options: Pick<TrainingJob, 'onTakenUp' | 'onProgress' | 'signal'> & {
  readonly checkpoint: { readonly directory: string, readonly everyMs: number }
}): Promise<Verdict> {
  const { pictures, heldOut, codes } = items
  const all = Uint32Array.from({ length: pictures.count }, (_, i) => i)
  const others = all.filter(i => !heldOut[i])
  const asked = all.filter(i => heldOut[i]).subarray(0, QUERIES)
  const train = pixelsAt(pictures, others)
  const queries = pixelsAt(pictures, asked)
  const run = await runDeep(recipe, { train, database: train, queries }, choices, { ...options, model: true })
  await saveModel(directory, run.model!)

  const labelled = (codes: CodeSet, of: Uint32Array): Labelled => ({ codes, labels: labelsAt(pictures.labels, of) })
  const live = retrieval(labelled(codesAt(codes, asked), asked), labelled(codesAt(codes, others), others))
  const candidate = retrieval(labelled(codesOfOutputs(run.queries.outputs, choices.bits), asked), labelled(codesOfOutputs(run.database.outputs, choices.bits), others))
  const figures = ({ mAP, precisionWithin2 }: typeof live): Figures => ({ mAP: mAP.mean, standardError: mAP.standardError, precisionWithin2: precisionWithin2.mean })
  return {
    live: figures(live),
    candidate: figures(candidate),
    difference: pairedBootstrap(live.perQuery, candidate.perQuery),
    trainedOn: others.length,
    queries: asked.length,
    cpuMs: run.cpuMs,
    wallMs: run.wallMs
  }
}

function codesAt (codes: CodeSet, items: Uint32Array): CodeSet {
  return codeSet(new Uint8Array(Buffer.concat(Array.from(items, i => codeAt(codes, i)))), codes.bits)
}
