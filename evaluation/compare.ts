import { readFile, writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import { pairedBootstrap } from './metrics/paired-bootstrap.js'

interface PerQuery {
  readonly ap: readonly (number | null)[]
  readonly ndcg: readonly (number | null)[]
}

/** `npm run evaluate:compare -- --a one.json,two.json --b one.json,two.json`: two systems, seed by seed, on the same queries. */
const { a, b, metric, ratio, of, json } = new Command('compare')
  .description('Compares two systems on the same queries: the mean over seeds for each query, then a paired bootstrap over queries.')
  .requiredOption('--a <files>', 'of one system, as --per-query wrote them, separated by commas')
  .requiredOption('--b <files>', 'of the other, as many')
  .option('--metric <name>', 'ap or ndcg', 'ap')
  .option('--ratio', 'b / a instead of b − a')
  .option('--of <words>', 'what is compared with what, for --json', '')
  .option('--json <file>', 'where to write what comes out')
  .parse()
  .opts<{ a: string, b: string, metric: 'ap' | 'ndcg', ratio?: true, of: string, json?: string }>()

/** Of each query, the mean over files; NaN where it has nothing to find. */
async function meanOverSeeds (files: readonly string[]): Promise<number[]> {
  const runs = await Promise.all(files.map(async file => (JSON.parse(await readFile(file, 'utf8')) as PerQuery)[metric]))
  if (runs.some(run => run.length !== runs[0]!.length)) throw new RangeError('the files are of different queries')
  return runs[0]!.map((_, q) => runs.reduce((sum, run) => sum + (run[q] ?? NaN), 0) / runs.length) // JSON has null for NaN
}

const [left, right] = [a.split(','), b.split(',')]
if (left.length !== right.length) throw new RangeError(`${left.length} files are compared with ${right.length}: seeds come in pairs`)
const { value, lower, upper, n } = pairedBootstrap(await meanOverSeeds(left), await meanOverSeeds(right), { compare: ratio === true ? 'ratio' : 'difference' })
console.log(`${metric}, ${ratio === true ? 'b / a' : 'b − a'}: ${value.toFixed(4)}, 95 % from ${lower.toFixed(4)} to ${upper.toFixed(4)} (${n} queries, ${left.length} seeds)`)
if (json !== undefined) await writeFile(json, `${JSON.stringify({ of, metric, compare: ratio === true ? 'ratio' : 'difference', value, lower, upper, queries: n, seeds: left.length }, undefined, 2)}\n`)
