import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { invalid } from '../errors.js'

/** The path of a part of the evaluation data. @throws HammingbirdError `HAMMINGBIRD_INVALID` where it is not there, saying how to name another place. */
export function evaluationData (data: string, part: string): string {
  const path = join(data, part)
  if (!existsSync(path)) throw invalid('--data', `there is no ${path}: --data DIRECTORY, or HAMMINGBIRD_EVALUATION_DATA, says where the evaluation data lies`)
  return path
}
