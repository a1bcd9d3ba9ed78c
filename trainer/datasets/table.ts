import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parse } from 'csv-parse/sync'
import { HammingbirdError } from '../../errors.js'
import { labelsOfLists } from '../labels.js'
import type { PictureList } from './dataset.js'

interface Row {
  readonly path: string
  readonly labels: readonly string[]
}

/**
 * Reads a table of pictures and labels. Paths are relative to the table.
 *
 * - CSV: a header with `path` and `labels`; labels of one picture are separated by `;`.
 * - JSONL: an object a line, `{"path": "a.jpg", "labels": ["cat", "sofa"]}`.
 *
 * Other columns are passed over. Labels are numbered by name; a picture without labels has none.
 *
 * @param file ends in `.csv`, `.jsonl` or `.ndjson`.
 * @throws HammingbirdError `HAMMINGBIRD_FORMAT`, naming the line.
 */
export async function table (file: string): Promise<PictureList> {
  const text = await readFile(file, 'utf8')
  const rows = file.endsWith('.csv') ? fromCsv(text, file) : /\.(jsonl|ndjson)$/.test(file) ? fromJsonl(text, file) : undefined
  if (rows === undefined) throw new HammingbirdError('HAMMINGBIRD_FORMAT', `${file}: a table ends in .csv, .jsonl or .ndjson`)
  const names = [...new Set(rows.flatMap(row => row.labels))].sort()
  const numbers = new Map(names.map((name, i) => [name, i]))
  return {
    files: rows.map(row => resolve(dirname(file), row.path)),
    labels: labelsOfLists(rows.map(row => row.labels.map(label => numbers.get(label)!)), names.length),
    names
  }
}

function fromCsv (text: string, file: string): Row[] {
  let rows: Record<string, string>[]
  try {
    rows = parse(text, { columns: true, bom: true, skip_empty_lines: true, trim: true })
  } catch (cause) {
    throw new HammingbirdError('HAMMINGBIRD_FORMAT', `${file}: ${(cause as Error).message}`, { cause })
  }
  return rows.map((row, i) => {
    if (row['path'] === undefined || row['path'] === '' || row['labels'] === undefined) throw wrong(file, i + 2)
    return { path: row['path'], labels: row['labels'].split(';').map(label => label.trim()).filter(label => label !== '') }
  })
}

function fromJsonl (text: string, file: string): Row[] {
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return []
    let row: Partial<Row> | null
    try {
      row = JSON.parse(line) as Partial<Row> | null
    } catch {
      throw wrong(file, i + 1)
    }
    if (typeof row?.path !== 'string' || !Array.isArray(row.labels) || row.labels.some(label => typeof label !== 'string')) throw wrong(file, i + 1)
    return [row as Row]
  })
}

function wrong (file: string, line: number): HammingbirdError {
  return new HammingbirdError('HAMMINGBIRD_FORMAT', `${file}: line ${line} has no path and labels`)
}
