import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { dirname } from 'node:path'

/** What a figure is worth nothing without. No host names, no paths: results are published. */
export interface Setting {
  readonly machine: string
  readonly versions: Readonly<Record<string, string>>
  /** Load average over the last minute, when the run began and when it ended: above the number of processors, others ran too. */
  readonly load: readonly [began: number, ended: number]
  readonly date: string
}

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export function spread (values: readonly number[]): Spread {
  const sorted = values.slice().sort((a, b) => a - b)
  return { median: sorted[sorted.length >> 1]!, min: sorted[0]!, max: sorted[sorted.length - 1]! }
}

/** The value below which a share of the values lies: between two of them, by proportion. */
export function quantile (values: readonly number[], share: number): number {
  const sorted = values.slice().sort((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const below = sorted[Math.floor(at)]!
  return below + (sorted[Math.ceil(at)]! - below) * (at - Math.floor(at))
}

/** Call at the beginning; what it returns, at the end. */
export function beginSetting (): (versions: Readonly<Record<string, string>>) => Setting {
  const began = loadavg()[0]!
  return versions => ({
    machine: `${cpus()[0]!.model.trim()}, ${cpus().length} processors, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    versions: { node: process.versions.node, v8: process.versions.v8, ...versions },
    load: [began, loadavg()[0]!],
    date: new Date().toISOString().slice(0, 10)
  })
}

/** Prints columns: the first to the left, the others, which are numbers, to the right. */
export function printTable (head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const lines = [head, ...rows].map(row => row.map(String))
  const widths = head.map((_, at) => Math.max(...lines.map(line => line[at]!.length)))
  for (const line of lines) console.log(line.map((cell, at) => at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)).join('  '))
}

export function writeJson (file: string, content: unknown): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(content, null, 1)}\n`)
}
