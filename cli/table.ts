import stringWidth from 'string-width'
import { printable, styled, terminalWidth } from './output.js'

export interface Column {
  readonly name: string
  /** @default 'left' */
  readonly align?: 'left' | 'right'
  /** Whether it may be cut when the line is too long for the terminal. */
  readonly cut?: boolean
}

const GAP = '  '
const LEAST = 8

/**
 * Lines of a table: a head, then the rows, aligned by what the terminal will show.
 *
 * @param width columns of the terminal. Where a line would be longer the widest columns that may be cut are, down to 8.
 */
export function table (columns: readonly Column[], rows: readonly (readonly string[])[], width = terminalWidth()): string[] {
  const cells = [columns.map(({ name }) => name), ...rows.map(row => row.map(printable))]
  const widths = columns.map((_, c) => Math.max(...cells.map(row => stringWidth(row[c] ?? ''))))
  for (let over = widths.reduce((sum, w) => sum + w + GAP.length, -GAP.length) - width; over > 0; over--) {
    const widest = columns.reduce((best, { cut }, c) => cut === true && widths[c]! > Math.max(LEAST, widths[best] ?? 0) ? c : best, -1)
    if (widest < 0) break
    widths[widest]!--
  }
  return cells.map((row, r) => {
    const line = columns.map(({ align }, c) => pad(cutTo(row[c] ?? '', widths[c]!), widths[c]!, align)).join(GAP).trimEnd()
    return r === 0 ? styled('dim', line) : line
  })
}

/** Text that takes at most so many columns; what was cut is marked. */
export function cutTo (text: string, width: number): string {
  if (stringWidth(text) <= width) return text
  let kept = ''
  let used = 1
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    used += stringWidth(segment)
    if (used > width) break
    kept += segment
  }
  return `${kept}…`
}

function pad (text: string, width: number, align: Column['align']): string {
  const blank = ' '.repeat(Math.max(0, width - stringWidth(text)))
  return align === 'right' ? blank + text : text + blank
}
