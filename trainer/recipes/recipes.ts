import { invalid } from '../../errors.js'
import { attentionGreedy } from './attention-greedy.js'
import { classifier } from './classifier.js'
import { codeSimilarity } from './code-similarity.js'
import { deepBaselines } from './deep-baselines.js'
import { interrelated } from './interrelated.js'
import { multilabelResidual } from './multilabel-residual.js'
import { multitask } from './multitask.js'
import type { Recipe } from './recipe.js'

/** Every recipe by its name, the five systems first. */
export const recipes: ReadonlyMap<string, Recipe> = new Map(
  [multitask, attentionGreedy, interrelated, multilabelResidual, codeSimilarity, ...deepBaselines, classifier].map(recipe => [recipe.name, recipe]))

/** @throws HammingbirdError `HAMMINGBIRD_INVALID`, naming those there are. */
export function recipeOf (name: string): Recipe {
  const recipe = recipes.get(name)
  if (recipe === undefined) throw invalid('recipe', `there is no ${name}; there are ${[...recipes.keys()].join(', ')}`)
  return recipe
}
