import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { reportPage } from './page.js'
import { mAPPlot, precisionRecallPlot } from './plots.js'
import { readResults } from './rows.js'

/** `npm run evaluate:report`: one page and its plots, from the results of a directory. */
const { results: directory } = new Command('report')
  .description('Makes one page, with plots, of the results of evaluations.')
  .option('--results <directory>', 'where they are, and where the page goes', 'evaluation/results')
  .parse()
  .opts<{ results: string }>()

const results = await readResults(directory)
const plots = join(directory, 'plots')
await mkdir(plots, { recursive: true })
const made = new Map<string, string[]>()
for (const protocol of new Set(results.rows.map(row => row.protocol))) {
  const rows = results.rows.filter(row => row.protocol === protocol)
  const files = [[`${protocol}-map.svg`, await mAPPlot(rows)], [`${protocol}-precision-recall.svg`, await precisionRecallPlot(rows)]] as const
  for (const [name, svg] of files) await writeFile(join(plots, name), svg)
  made.set(protocol, files.map(([name]) => name))
}
const page = join(directory, 'README.md')
await writeFile(page, reportPage(results, protocol => made.get(protocol) ?? []))
console.log(`${page}: ${results.rows.length} rows, ${results.comparisons.length} comparisons`)
