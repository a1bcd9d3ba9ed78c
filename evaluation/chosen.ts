import { Settings } from '../encoder/networks/network.js'
import { buildNetwork } from '../encoder/networks/networks.js'
import { codeOf, HammingbirdError, invalid } from '../errors.js'
import type { Manifest } from '../registry/manifest.js'
import type { Plan, Recipe, Task } from '../trainer/recipes/recipe.js'
import type { DeepChoices } from './deep.js'

/**
 * What someone chose on a command line, made into what it stands for: where that cannot be, it is wrong usage. In a manifest that was stored the
 * same is a damaged model.
 *
 * @throws HammingbirdError `HAMMINGBIRD_INVALID` for `HAMMINGBIRD_MODEL_INVALID`, and all else as it comes.
 */
export function asChosen<T> (make: () => T): T {
  try {
    return make()
  } catch (err) {
    throw wrongChoice(err)
  }
}

/** @param remedy what to do, behind what is wrong. */
export function wrongChoice (err: unknown, remedy = ''): unknown {
  return codeOf(err) === 'HAMMINGBIRD_MODEL_INVALID' ? new HammingbirdError('HAMMINGBIRD_INVALID', `${(err as Error).message}${remedy}`, { cause: err }) : err
}

/** The plan of a recipe, its choices all known to it. @throws HammingbirdError `HAMMINGBIRD_INVALID` where they are not. */
export function planOf (recipe: Recipe, task: Task, choices: Readonly<Record<string, unknown>>): Plan {
  return asChosen(() => {
    const read = new Settings(choices, `the recipe ${recipe.name}`)
    const plan = recipe.plan(task, read)
    read.done()
    return plan
  })
}

/** The network that is trained, with its settings: what was chosen, else the plan's. */
export function networkOf (plan: Plan, { bits, network = plan.network, settings }: Pick<DeepChoices, 'bits' | 'network' | 'settings'>): Pick<Manifest, 'network' | 'settings' | 'bits' | 'detail'> {
  return { network, settings: { ...network === plan.network ? plan.settings : {}, ...settings }, bits, detail: 0 }
}

/** @throws HammingbirdError `HAMMINGBIRD_INVALID` for a recipe whose codes no server can make. */
export function assertServable ({ reads }: Plan, { name }: Recipe): void {
  if (reads !== undefined) throw invalid('recipe', `${name} is a baseline that no server can encode with`)
}

/**
 * Says what is wrong with choices before there is anything to learn from: names and values, of the recipe and of its network.
 *
 * @throws HammingbirdError `HAMMINGBIRD_INVALID`, naming what there is.
 */
export function assertChoices (recipe: Recipe, choices: Pick<DeepChoices, 'bits' | 'seed' | 'network' | 'settings' | 'recipe'>): void {
  // What may be chosen does not depend on the labels: any two do.
  const plan = planOf(recipe, { bits: choices.bits, classes: 2, exclusive: true, seed: choices.seed }, choices.recipe)
  assertServable(plan, recipe)
  asChosen(() => buildNetwork(networkOf(plan, choices)))
}
