import { Option, type Command } from 'commander'
import { openLogger, type Logger } from '../telemetry/logger.js'

export interface LogOptions {
  readonly log?: 'text' | 'json'
}

/** Adds `--log`: the form of the log on standard error. */
export function logOption (command: Command): Command {
  return command.addOption(new Option('--log <form>', 'the log on standard error: text for people, json for programs (default: text on a terminal, else json)').choices(['text', 'json']))
}

/** The log of a command that runs until it is asked to end. */
export function loggerOf ({ log }: LogOptions): Logger {
  return openLogger(log === undefined ? {} : { form: log })
}
