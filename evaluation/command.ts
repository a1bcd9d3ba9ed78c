import { Command, CommanderError } from 'commander'
import { codeOf, HammingbirdError, type ErrorCode } from '../errors.js'

/** What the exit code says, as of every command of Hammingbird; what is not here is 1. */
const exitCodes: Partial<Record<ErrorCode, number>> = { HAMMINGBIRD_INVALID: 2, HAMMINGBIRD_CANCELLED: 130 }

/** A command line whose mistakes `runCommand` tells. */
export function command (name: string): Command {
  return new Command(name).exitOverride().configureOutput({ outputError: () => {} })
}

/**
 * Runs a command of the evaluation: one line on stderr where it fails, with the code, and the exit code of `docs/cli.md`.
 *
 * @param work its signal is aborted by Ctrl-C; a second one ends the process at once.
 */
export async function runCommand (work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController()
  process.once('SIGINT', () => { stop.abort(new HammingbirdError('HAMMINGBIRD_CANCELLED', 'stopped')) })
  try {
    await work(stop.signal)
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return // help is no mistake
    const err = thrown instanceof CommanderError ? new HammingbirdError('HAMMINGBIRD_INVALID', thrown.message.replace(/^error: /, '').replaceAll('\n', ' ')) : thrown
    process.exitCode = exitCodes[codeOf(err)] ?? 1
    console.error(`${codeOf(err)}  ${err instanceof Error ? err.message : String(err)}`)
    if ((process.env['HAMMINGBIRD_DEBUG'] ?? '') !== '') console.error(err)
  }
}
