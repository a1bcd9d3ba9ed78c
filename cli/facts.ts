import type { Position } from '../client/index.js'
import { printable, styled, terminalWidth } from './output.js'
import { cutTo } from './table.js'

/** Lines of names and values, one under the other; what has no value is left out. */
export function facts (named: readonly (readonly [name: string, value: string])[]): string[] {
  const known = named.filter(([, value]) => value !== '')
  const width = Math.max(...known.map(([name]) => name.length)) + 2
  return known.map(([name, value]) => `${styled('dim', name.padEnd(width))}${cutTo(printable(value), terminalWidth() - width)}`)
}

/** `default.images/0@17` */
export function place (position: Position | undefined): string {
  return position ? `${position.topic}/${position.partition}@${position.offset}` : ''
}
