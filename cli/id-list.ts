import { invalid } from '../errors.js'
import { lines } from './lines.js'

/**
 * The ids of a file of codes, in its order, from the list beside it: a line each.
 *
 * @param remedy what to do where it is the wrong list.
 * @throws HammingbirdError `HAMMINGBIRD_INVALID` at the end of a list that is not as long as the file has codes; what reading it fails with.
 */
export async function * idList (list: string, { file, count }: { readonly file: string, readonly count: number }, remedy: string): AsyncGenerator<string, void, undefined> {
  let listed = 0
  for await (const id of lines(list)) {
    listed++
    yield id
  }
  if (listed !== count) throw invalid(list, `is not the list of these codes: it has ${listed} lines, ${file} has ${count} codes; ${remedy}`)
}
