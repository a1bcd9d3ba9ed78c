import stringWidth from 'string-width'
import { printable, styled, terminalWidth } from './output.js'

export interface Column {
  readonly name: string
  /** @default 'left' */
  readonly align?: 'left' | 'right'
  /** Where it may be cut when the line is too long for the terminal: ids differ at both ends. @default it may not */
  readonly cut?: 'end' | 'middle'
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
    const widest = columns.reduce((best, { cut }, c) => cut !== undefined && widths[c]! > Math.max(LEAST, widths[best] ?? 0) ? c : best, -1)
    if (widest < 0) break
    widths[widest]!--
  }
  return cells.map((row, r) => {
    const line = columns.map(({ align, cut }, c) => pad(cutTo(row[c] ?? '', widths[c]!, cut), widths[c]!, align)).join(GAP).trimEnd()
    return r === 0 ? styled('dim', line) : line
  })
}

/** Text that takes at most so many columns; what was cut is marked. */
export function cutTo (text: string, width: number, where: Column['cut'] = 'end'): string {
  if (stringWidth(text) <= width) return text
  const characters = [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment)
  const tail = where === 'end' ? '' : fitting(characters.toReversed(), Math.floor((width - 1) / 2)).reverse().join('')
  return `${fitting(characters, width - 1 - stringWidth(tail)).join('')}…${tail}`
}

/** The first characters that fit. */
function fitting (characters: readonly string[], width: number): string[] {
  let used = 0
  const beyond = characters.findIndex(character => (used += stringWidth(character)) > width)
  return characters.slice(0, beyond < 0 ? undefined : beyond)
}

function pad (text: string, width: number, align: Column['align']): string {
  const blank = ' '.repeat(Math.max(0, width - stringWidth(text)))
  return align === 'right' ? blank + text : text + blank
}
