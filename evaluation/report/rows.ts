import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Row } from '../row.js'

/** What `npm run evaluate:compare -- --json` writes. */
export interface ComparisonRow {
  readonly of: string
  readonly metric: string
  readonly compare: 'difference' | 'ratio'
  readonly value: number
  readonly lower: number
  readonly upper: number
  readonly queries: number
  readonly seeds: number
}

export interface Results {
  /** By protocol, then best first. */
  readonly rows: readonly Row[]
  readonly comparisons: readonly ComparisonRow[]
}

/** Reads the committed results of a directory: rows of `npm run evaluate` and comparisons; other files are left alone. */
export async function readResults (directory: string): Promise<Results> {
  const rows: Row[] = []
  const comparisons: ComparisonRow[] = []
  for (const name of (await readdir(directory)).filter(name => name.endsWith('.json')).toSorted()) {
    const value = JSON.parse(await readFile(join(directory, name), 'utf8')) as Partial<Row> & Partial<ComparisonRow>
    if (value.protocol !== undefined && value.curve !== undefined) rows.push(value as Row)
    else if (value.compare !== undefined) comparisons.push(value as ComparisonRow)
  }
  return { rows: rows.toSorted((a, b) => a.protocol.localeCompare(b.protocol) || b.mAP - a.mAP), comparisons }
}

/** What tells a row from the others of its protocol, in a few words. */
export function nameOf ({ recipe, bits, seed, choices }: Row): string {
  const settings = choices['settings'] as Readonly<Record<string, unknown>> | undefined ?? {}
  const own = [
    ...['model', 'pretrained', 'features', 'network', 'similarity', 'loss', 'strategy'].map(name => choices[name]),
    ...['labelSimilarity', 'embedding', 'contrast', 'entropy'].map(name => choices[name] === 0 ? `no ${name}` : undefined),
    ...['width', 'pooling', 'attention', 'hashNorm'].map(name => settings[name] === undefined ? undefined : `${name} ${String(settings[name])}`),
    typeof choices['start'] === 'string' ? `begun with ${choices['start'].split(',')[0]}` : undefined
  ]
  return `${recipe} ${bits} (${[...own.filter(word => typeof word === 'string'), `seed ${seed}`].join(', ')})`
}
