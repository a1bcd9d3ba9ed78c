import { createReadStream } from 'node:fs'

/** The lines of a file: an id may have what other readers take for the end of a line too (U+2028), so that only line feeds end one. */
export async function * lines (file: string): AsyncGenerator<string, void, undefined> {
  let rest = ''
  for await (const piece of createReadStream(file, { encoding: 'utf8' })) {
    const whole = (rest + (piece as string)).split('\n')
    rest = whole.pop()!
    for (const line of whole) yield withoutReturn(line)
  }
  if (rest !== '') yield withoutReturn(rest)
}

function withoutReturn (line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}
