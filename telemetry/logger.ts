import { pino, type Logger as Pino } from 'pino'
import pretty from 'pino-pretty'
import { HammingbirdError } from '../errors.js'

/** What the composition roots log with; nothing below them logs. */
export type Logger = Pino

export interface LoggerOptions {
  /** `json` for programs, `text` for people. @default text on a terminal */
  readonly form?: 'json' | 'text'
  /** @default info */
  readonly level?: string
}

/** Logs go to standard error: standard output is for answers. Written at once, so that a crash loses none. */
export function openLogger ({ form = process.stderr.isTTY ? 'text' : 'json', level = 'info' }: LoggerOptions = {}): Logger {
  const options = { level, base: null, serializers: { err: (err: unknown) => errorFields(err) } }
  if (form === 'json') return pino(options, pino.destination({ dest: 2, sync: true }))
  return pino(options, pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss', singleLine: true }))
}

/**
 * An error with its code and its causes: they stay here, and never go to a caller. What passes by itself (a broker that does not
 * answer) comes again and again, and its place in a library helps nobody: it has no stacks.
 */
function errorFields (err: unknown, stacks = true): Record<string, unknown> {
  if (!(err instanceof Error)) return { message: String(err) }
  const ours = err instanceof HammingbirdError
  return {
    ...(ours ? { code: err.code } : stacks ? { stack: err.stack } : {}),
    message: err.message,
    ...(err.cause === undefined ? {} : { cause: errorFields(err.cause, stacks && !(ours && err.retryable)) })
  }
}
