import { spawnSync } from 'node:child_process'

/** What a person can do something about; anything else is a fault of ours and shows its stack. */
export class SetupError extends Error {}

const startedMs = performance.now()

/** @throws SetupError with a remedy when a command that is needed does not run. */
export function need (command: string, args: readonly string[], remedy: string): void {
  if (spawnSync(command, args, { stdio: 'ignore' }).status !== 0) throw new SetupError(`needs ${remedy}`)
}

/** @throws SetupError when it fails. */
export function run (command: string, args: readonly string[], failure: string): void {
  const { status, signal, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) throw new SetupError(`${failure} (${command} ended with ${signal ?? status ?? error?.message})`)
}

/** Tells how far it is, and how long it took. */
export function say (message: string): void {
  console.error(`setup:native ${((performance.now() - startedMs) / 1000).toFixed(1)} s: ${message}`)
}
