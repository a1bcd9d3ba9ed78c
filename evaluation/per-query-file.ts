import { invalid } from '../errors.js'
import { readAsked } from './asked-files.js'

/** What `npm run evaluate -- --per-query` writes: of each query a figure, null where it has nothing to find. */
export interface PerQuery {
  readonly recipe: string
  readonly protocol: string
  readonly seed: number
  readonly ap: readonly (number | null)[]
  readonly ndcg: readonly (number | null)[]
}

/** @throws HammingbirdError `HAMMINGBIRD_INVALID`, naming the file, for one that is not there, or of another kind. */
export async function readPerQuery (file: string): Promise<PerQuery> {
  const text = (await readAsked(file)).toString()
  let value: Partial<PerQuery> | null
  try {
    value = JSON.parse(text) as Partial<PerQuery> | null
  } catch {
    throw invalid(file, 'is no JSON: a file is wanted that --per-query wrote')
  }
  const { recipe, protocol, seed, ap, ndcg } = value ?? {}
  const figures = (list: unknown): list is (number | null)[] => Array.isArray(list) && list.every(one => one === null || typeof one === 'number')
  if (typeof recipe !== 'string' || typeof protocol !== 'string' || typeof seed !== 'number' || !figures(ap) || !figures(ndcg) || ap.length !== ndcg.length) {
    throw invalid(file, value !== null && 'curve' in value ? 'is a row, as --json writes it: a file is wanted that --per-query wrote' : 'is no file that --per-query wrote')
  }
  return { recipe, protocol, seed, ap, ndcg }
}
