import { protocols } from '../protocols/protocols.js'
import type { Row } from '../row.js'
import { comparisonGoals, goals } from './goals.js'
import { nameOf, type ComparisonRow, type Results } from './rows.js'

/** The page as Markdown. @param plots of a protocol: names of the files beside the page. */
export function reportPage ({ rows, comparisons }: Results, plots: (protocol: string) => readonly string[]): string {
  const names = [...new Set(rows.map(({ protocol }) => protocol))]
  return [
    '# How well codes retrieve',
    'Made by `npm run evaluate:report` from the files beside it, each of which says what was chosen, on what machine. Equals have no order, standard errors are over queries, and figures of different protocols are never compared ([how, and why](../README.md)). CPU minutes are of training, all cores added.',
    legend(),
    goalTable(rows, comparisons),
    ...comparisons.length > 0 ? [comparisonTable(comparisons)] : [],
    ...names.map(name => section(name, rows.filter(({ protocol }) => protocol === name), plots(name)))
  ].join('\n\n').concat('\n')
}

/** What the words of the tables mean, in a line each. */
function legend (): string {
  const words = {
    mAP: 'mean average precision over the whole database, ranked by Hamming distance; ± one standard error over queries',
    're-ranked': 'mAP where equals by Hamming distance are ordered by asymmetric distance, as a server does; never compared with the other',
    'precision within 2': 'the share of what lies within Hamming distance 2 of a query that is relevant; a query that finds nothing there counts as 0',
    'NDCG@100': 'of the first 100, how near they come to the best order there is, the number of labels shared as the gain',
    seed: 'decides everything that is random in a run; a comparison takes the mean over seeds for each query',
    ratio: 'mean of the second over mean of the first, on the same queries',
    'not run': 'no row here answers it: the line says what bits, protocol and CPU minutes it wants'
  }
  const divided = [...protocols.values()].map(({ name, about }) => [`protocol ${name}`, about] as const)
  return ['## What the words mean', '', ...[...Object.entries(words), ...divided].map(([word, means]) => `- **${word}**: ${means}`)].join('\n')
}

function goalTable (rows: readonly Row[], comparisons: readonly ComparisonRow[]): string {
  const compared = comparisonGoals.map(({ what, from, above, of }) => {
    const found = comparisons.find(of)
    return [what, from, `> ${above}`, found === undefined ? 'not run' : `${found.value.toFixed(4)} (${found.lower.toFixed(4)} to ${found.upper.toFixed(4)})${found.lower > above ? '' : ', **not reached**'}`, found ? `seeds: ${found.seeds}` : '']
  })
  return markdown('## What was to be reached', ['what', 'where it comes from', 'to reach', 'reached', 'by'], goals.map(goal => {
    const best = rows.filter(goal.of).toSorted((a, b) => goal.figure(b) - goal.figure(a))[0]
    const figure = best && goal.figure(best)
    return [goal.what, goal.from, `≥ ${goal.least}`, figure === undefined ? 'not run' : `${figure.toFixed(4)}${figure >= goal.least ? '' : ', **not reached**'}`, best ? nameOf(best) : '']
  }).concat(compared))
}

function comparisonTable (comparisons: readonly ComparisonRow[]): string {
  return markdown('## Comparisons on the same queries', ['of', 'metric', 'value', '95 % interval', 'queries', 'seeds'], comparisons.map(({ of, metric, compare, value, lower, upper, queries, seeds }) =>
    [of, `${metric}, ${compare}`, value.toFixed(4), `${lower.toFixed(4)} to ${upper.toFixed(4)}`, String(queries), String(seeds)]))
}

function section (name: string, rows: readonly Row[], plots: readonly string[]): string {
  const table = markdown(`## Protocol ${name}`, ['recipe, bits', 'mAP', 're-ranked', 'precision within 2', 'NDCG@100', 'CPU minutes', 'parameters', 'multiply-adds', 'epochs'], rows.map(row => [
    nameOf(row),
    `${row.mAP.toFixed(4)} ± ${row.standardError.toFixed(4)}`,
    row.reranked?.toFixed(4) ?? '',
    row.precisionWithin2.toFixed(4),
    row.at.find(({ k }) => k === 100)?.ndcg.toFixed(4) ?? '',
    row.cpuMinutes.toFixed(1),
    row.parameters === 0 ? '' : row.parameters.toLocaleString('en'),
    row.multiplyAdds === 0 ? '' : `${(row.multiplyAdds / 1e6).toFixed(1)} M`,
    String(row.choices['epochs'] ?? '')
  ]), protocols.get(name)?.about)
  return [table, ...plots.map(file => `![${file}](plots/${file})`)].join('\n\n')
}

function markdown (title: string, columns: readonly string[], rows: readonly (readonly string[])[], about?: string): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [title, '', ...about === undefined ? [] : [about, ''], line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n')
}
