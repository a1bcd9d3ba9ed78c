import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const FOLDERS = ['bench/results', 'test/integrity/results'] // evaluation has a page of its own: evaluation/results/README.md
const EVALUATION = 'evaluation/results'

export type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value }
export type Record = { readonly [name: string]: Value }

/** A committed file of results: what was measured on what, and its rows. */
export interface Result {
  readonly file: string
  /** All but the rows: machine, versions, load, date, and what a proof counted. */
  readonly setting: Record
  readonly rows: readonly Record[]
}

/** All committed results, in order of their paths. */
export function readResults (): readonly Result[] {
  return FOLDERS.filter(existsSync).flatMap(folder => readdirSync(folder).filter(name => name.endsWith('.json')).sort().map(name => {
    const file = join(folder, name)
    const content = JSON.parse(readFileSync(file, 'utf8')) as Value
    if (Array.isArray(content)) return { file, setting: {}, rows: content as Record[] }
    const { rows, ...setting } = content as Record
    return { file, setting, rows: Array.isArray(rows) ? rows as Record[] : [] }
  }))
}

/** A row that `npm run evaluate` wrote, as far as it is read here. */
export interface Learned {
  readonly recipe: string
  readonly protocol: string
  readonly bits: number
  readonly mAP: number
  readonly standardError: number
  readonly cpuMinutes: number
}

/** What was learned and how well it retrieves; comparisons are not among them. */
export function readLearned (): readonly Learned[] {
  if (!existsSync(EVALUATION)) return []
  const contents = readdirSync(EVALUATION).filter(name => name.endsWith('.json')).sort().map(name => JSON.parse(readFileSync(join(EVALUATION, name), 'utf8')) as Learned)
  return contents.filter(({ mAP }) => typeof mAP === 'number')
}

export function isRecord (value: Value | undefined): value is Record {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
