// docs/measured.md and the figures of README.md, from the committed results. With --check it fails when they have drifted.
import { readFileSync, writeFileSync } from 'node:fs'
import { readResults as readLearned } from '../evaluation/report/rows.js'
import { headlines } from './measured/headlines.js'
import { measuredPage } from './measured/page.js'
import { readResults } from './measured/results.js'

const BLOCK = /(<!-- measured: .*-->\n)[\s\S]*?(<!-- end of measured -->)/
const results = readResults()
const learned = await readLearned('evaluation/results')
const readme = readFileSync('README.md', 'utf8')
const made: Record<string, string> = {
  'docs/measured.md': measuredPage(results),
  'README.md': readme.replace(BLOCK, (_, begin: string, end: string) => `${begin}${headlines(results, learned.rows)}${end}`)
}

for (const [file, content] of Object.entries(made)) {
  if (!process.argv.includes('--check')) writeFileSync(file, content)
  else if (readFileSync(file, 'utf8') !== content) {
    console.error(`${file} does not say what the results say. Run: npm run measured`)
    process.exitCode = 1
  }
}
