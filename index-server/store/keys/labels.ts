import { RowReader, RowWriter } from './row-coding.js'

const writer = new RowWriter()

/** Labels given later: their count, then each (`row-coding.ts`). */
export function encodeLabels (labels: readonly string[]): Buffer {
  return writer.texts(labels).take()
}

export function decodeLabels (row: Buffer): string[] {
  return new RowReader(row).texts()
}
