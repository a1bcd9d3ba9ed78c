import { Settings } from '../encoder/networks/network.js'
import { codeOf, HammingbirdError } from '../errors.js'
import type { Plan, Recipe, Task } from '../trainer/recipes/recipe.js'

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
