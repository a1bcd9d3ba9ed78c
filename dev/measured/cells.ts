import { headingOf } from './heading.js'
import { isRecord, type Record, type Value } from './results.js'

const number = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 })

/** A number as people read it: four digits that count; whole numbers whole. */
export function numberText (value: number): string {
  return Number.isInteger(value) ? new Intl.NumberFormat('en').format(value) : number.format(value)
}

/** A record as cells: of one in another the names are put together, lists are left out, a spread is one cell. */
export function cellsOf (record: Record, before = ''): Map<string, string> {
  const cells = new Map<string, string>()
  for (const [name, value] of Object.entries(record)) {
    const path = before === '' ? name : `${before}.${name}`
    if (isSpread(value)) cells.set(path, `${numberText(value.median)} (${numberText(value.min)}–${numberText(value.max)})`)
    else if (isRecord(value)) for (const [inner, text] of cellsOf(value, path)) cells.set(inner, text)
    else if (!Array.isArray(value)) cells.set(path, typeof value === 'number' ? numberText(value) : value === null ? '' : String(value))
  }
  return cells
}

/** A Markdown table with a column for each name that any row has, and an empty line after it. */
export function tableOf (rows: readonly ReadonlyMap<string, string>[]): string[] {
  if (rows.length === 0) return []
  const names = [...new Set(rows.flatMap(row => [...row.keys()]))]
  return [
    `| ${names.map(headingOf).join(' | ')} |`,
    `|${names.map(() => '---|').join('')}`,
    ...rows.map(row => `| ${names.map(name => (row.get(name) ?? '').replaceAll('|', '\\|')).join(' | ')} |`),
    ''
  ]
}

function isSpread (value: Value): value is { readonly median: number, readonly min: number, readonly max: number } {
  return isRecord(value) && typeof value['median'] === 'number' && typeof value['min'] === 'number' && typeof value['max'] === 'number'
}
