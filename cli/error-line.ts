import { codeOf, codes, HammingbirdError, type ErrorCode } from '../errors.js'
import { Interrupted } from './exit-codes.js'
import { printable, styled } from './output.js'

/** What a person at the terminal does about it; docs/errors.md says more. */
const hints: Partial<Record<ErrorCode, string>> = {
  HAMMINGBIRD_UNREACHABLE: 'start one: hammingbird up, or hammingbird serve on Kafka; or name another: --server HOST:PORT',
  HAMMINGBIRD_ADDRESS_IN_USE: 'use the one that runs there, or take another --port',
  HAMMINGBIRD_BUSY: 'try again in a moment',
  HAMMINGBIRD_DEADLINE: 'allow more time: --timeout SECONDS',
  HAMMINGBIRD_STORAGE: '', // the message says what to do
  HAMMINGBIRD_BACKEND: 'see: hammingbird doctor',
  HAMMINGBIRD_INTERNAL: 'HAMMINGBIRD_DEBUG=1 shows where',
  HAMMINGBIRD_NOT_OPEN: 'try again when the server has started',
  HAMMINGBIRD_PAGE_EXPIRED: 'search again from the start'
}

/** `code  sentence  hint`: one line, and the stack under it when `HAMMINGBIRD_DEBUG` is set. */
export function errorLine (err: unknown, hint = hints[codeOf(err)] ?? (err instanceof HammingbirdError && err.retryable ? 'try again' : undefined)): string {
  const message = err instanceof Error ? err.message : String(err)
  const line = [styled('red', codeOf(err), process.stderr), printable(message || codes[codeOf(err)].means), ...(hint === undefined || hint === '' ? [] : [hint])].join('  ')
  return (process.env['HAMMINGBIRD_DEBUG'] ?? '') !== '' && err instanceof Error ? `${line}\n${stackOf(err)}` : line
}

/** Says on stderr what went wrong; being interrupted is no error. */
export function tellError (err: unknown, hint?: string): void {
  if (!(err instanceof Interrupted)) process.stderr.write(`${errorLine(err, hint)}\n`)
}

function stackOf (err: Error): string {
  const cause = err.cause instanceof Error ? `\ncaused by ${stackOf(err.cause)}` : ''
  return `${err.stack ?? err.message}${cause}`
}
