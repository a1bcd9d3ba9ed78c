import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const FOLDERS = ['bench/results', 'test/integrity/results'] // evaluation has a page of its own: evaluation/results/README.md

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

export function isRecord (value: Value | undefined): value is Record {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
