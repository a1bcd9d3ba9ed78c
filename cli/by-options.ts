import { hostname, userInfo } from 'node:os'
import type { Command } from 'commander'

/** Who does it, and why. */
export interface ByOptions {
  readonly actor: string
  readonly reason: string
}

/** Adds the options that the history of versions wants. */
export function byOptions (command: Command): Command {
  return command
    .option('--reason <text>', 'why: for the history', '')
    .option('--actor <name>', 'who: for the history', `${userName()}@${hostname()}`)
}

function userName (): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? '') // a user without a name, as in many containers
  }
}
