import { cellsOf, tableOf } from './cells.js'
import { isRecord, type Record, type Result } from './results.js'

/** What each row of a setting is called; the others are cells of a table. */
const SETTING = new Set(['machine', 'versions', 'node', 'load', 'date', 'clock'])
const NOT_SHOWN = new Set(['question', 'proof'])

/** docs/measured.md: every committed result as a table. */
export function measuredPage (results: readonly Result[]): string {
  return [
    '# What was measured',
    '',
    'Made by `npm run measured` from the files named here; each file is made by the command beside it. Where a cell has three numbers',
    'they are the median of several runs, and the least and the most of them. `load` is the load average of the machine when the run',
    'began and when it ended: above its number of processors, other work ran too.',
    '',
    ...results.flatMap(section)
  ].join('\n')
}

function section ({ file, setting, rows }: Result): string[] {
  const known = Object.entries(setting).filter(([name]) => SETTING.has(name))
  const other = Object.fromEntries(Object.entries(setting).filter(([name, value]) => !SETTING.has(name) && !NOT_SHOWN.has(name) && !Array.isArray(value)))
  return [
    `## ${file}`,
    '',
    ...(command(setting) === undefined ? [] : [`\`${command(setting)}\``, '']),
    ...(known.length === 0 ? [] : [known.map(([name, value]) => `${name}: ${settingText(value)}`).join(' · '), '']),
    ...tableOf(Object.keys(other).length === 0 ? [] : [cellsOf(other)]),
    ...tableOf(rows.map(row => cellsOf(row)))
  ]
}

function command ({ question, proof }: Record): string | undefined {
  if (typeof question === 'string') return `npm run bench -- ${question}`
  if (typeof proof === 'string') return `npm run test:integrity -- ${proof}`
  return undefined
}

function settingText (value: Record[string] | undefined): string {
  if (isRecord(value)) return Object.entries(value).map(([name, value]) => `${name} ${settingText(value)}`).join(', ')
  if (Array.isArray(value)) return value.map(settingText).join(' to ')
  return String(value)
}
