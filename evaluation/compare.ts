import { Option } from 'commander'
import { invalid } from '../errors.js'
import { makeReadyFor, writeAsked } from './asked-files.js'
import { command, runCommand } from './command.js'
import { pairedBootstrap } from './metrics/paired-bootstrap.js'
import { readPerQuery, type PerQuery } from './per-query-file.js'

interface CompareOptions {
  readonly a: string
  readonly b: string
  readonly metric: 'ap' | 'ndcg'
  readonly ratio?: true
  readonly of: string
  readonly json?: string
}

/** `npm run evaluate:compare -- --a one.json,two.json --b one.json,two.json`: two systems, seed by seed, on the same queries. */
async function main (): Promise<void> {
  const { a, b, metric, ratio, of, json } = command('compare')
    .description('Compares two systems on the same queries: the mean over seeds for each query, then a paired bootstrap over queries.')
    .requiredOption('--a <files>', 'of one system, as --per-query wrote them, separated by commas')
    .requiredOption('--b <files>', 'of the other, as many')
    .addOption(new Option('--metric <name>', 'what is compared').choices(['ap', 'ndcg']).default('ap'))
    .option('--ratio', 'b / a instead of b − a')
    .option('--of <words>', 'what is compared with what, for --json', '')
    .option('--json <file>', 'where to write what comes out')
    .parse()
    .opts<CompareOptions>()
  const [left, right] = [await readAll(a), await readAll(b)]
  if (left.length !== right.length) throw invalid('--a, --b', `${left.length} files are compared with ${right.length}: seeds come in pairs`)
  oneAndTheSame([...left, ...right])
  const [seeds, others] = [left, right].map(runs => runs.map(({ seed }) => seed).toSorted((x, y) => x - y).join(', '))
  if (seeds !== others) console.error(`the seeds do not pair: ${seeds} against ${others}`)
  if (json !== undefined) await makeReadyFor(json)

  const compare = ratio === true ? 'ratio' : 'difference'
  const { value, lower, upper, n } = pairedBootstrap(meanOverSeeds(left, metric), meanOverSeeds(right, metric), { compare })
  console.log(`${metric}, ${ratio === true ? 'b / a' : 'b − a'}: ${value.toFixed(4)}, 95 % from ${lower.toFixed(4)} to ${upper.toFixed(4)} (${n} queries, ${left.length} seeds)`)
  if (json !== undefined) await writeAsked(json, { of, metric, compare, value, lower, upper, queries: n, seeds: left.length })
}

interface Run extends PerQuery {
  readonly file: string
}

async function readAll (files: string): Promise<Run[]> {
  return await Promise.all(files.split(',').map(async file => ({ file, ...await readPerQuery(file) })))
}

/** Figures of different protocols are never compared; of one protocol, they are of the same queries or one of them is damaged. */
function oneAndTheSame (runs: readonly Run[]): void {
  const [first] = runs
  for (const { file, protocol, ap } of runs) {
    if (protocol !== first!.protocol) throw invalid(file, `is of protocol ${protocol}, ${first!.file} of ${first!.protocol}: figures of different protocols are never compared`)
    if (ap.length !== first!.ap.length) throw invalid(file, `has ${ap.length} queries, ${first!.file} has ${first!.ap.length}: only the same queries can be compared`)
  }
  if (first!.ap.length === 0) throw invalid(first!.file, 'has no query')
}

/** Of each query, the mean over seeds; NaN where it has nothing to find. */
function meanOverSeeds (runs: readonly Run[], metric: CompareOptions['metric']): number[] {
  return runs[0]!.ap.map((_, q) => runs.reduce((sum, run) => sum + (run[metric][q] ?? NaN), 0) / runs.length) // JSON has null for NaN
}

await runCommand(main)
