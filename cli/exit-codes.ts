import { codeOf, type ErrorCode } from '../errors.js'

/** What a command's exit code says. Part of the API: scripts depend on it. */
export const exitCodes = {
  0: 'all went well',
  1: 'it failed: the line on stderr says why',
  2: 'wrong usage: an option, an argument, or what a request asks for',
  3: 'no server answers',
  4: 'no such image, collection, version or entry',
  5: 'part of the work was refused, the rest is done',
  130: 'interrupted by Ctrl-C (143: by SIGTERM)'
} as const

export type ExitCode = keyof typeof exitCodes | 143

const ofError: Partial<Record<ErrorCode, ExitCode>> = {
  HAMMINGBIRD_INVALID: 2,
  HAMMINGBIRD_IMAGE_ID: 2,
  HAMMINGBIRD_CODE_WIDTH: 2,
  HAMMINGBIRD_UNREACHABLE: 3,
  HAMMINGBIRD_NOT_FOUND: 4
}

/** The process was asked to end. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'

  constructor (readonly signal: 'SIGINT' | 'SIGTERM') {
    super(`ended by ${signal}`)
  }
}

export function exitCodeOf (err: unknown): ExitCode {
  if (err instanceof Interrupted) return err.signal === 'SIGINT' ? 130 : 143
  return ofError[codeOf(err)] ?? 1
}
