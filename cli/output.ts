import { once } from 'node:events'
import { styleText } from 'node:util'

/** Writes a line to stdout, and waits while its reader is slower. */
export async function print (line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain')
}

/** One line of JSON: a document, or one of several. */
export function printJson (value: unknown): Promise<void> {
  return print(JSON.stringify(value))
}

/** Columns of the terminal; `Infinity` where there is none, or it does not say: nothing is cut for a program or a file. */
export function terminalWidth (): number {
  return process.stdout.isTTY && process.stdout.columns > 0 ? process.stdout.columns : Infinity
}

type Style = Parameters<typeof styleText>[0]

/** Text in a style, on a terminal that NO_COLOR has not forbidden it on. */
export function styled (style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return stream.isTTY && (process.env['NO_COLOR'] ?? '') === '' ? styleText(style, text) : text
}

/** Makes text of others fit to print: no control characters, which could move the cursor or hide what follows. */
export function printable (text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ')
}

/** Ends the process quietly when the reader of its output goes away, as `head` does. */
export function endWithReader (): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (err: NodeJS.ErrnoException) => {
      if (err.code === 'EPIPE') process.exit()
      throw err
    })
  }
}
