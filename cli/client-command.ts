import { setMaxListeners } from 'node:events'
import { Command, InvalidArgumentError } from 'commander'
import { DEFAULT_SERVER, HammingbirdClient, HammingbirdError } from '../client/index.js'
import { Interrupted } from './exit-codes.js'
import { isPlace } from './is-place.js'

/** What every command that asks a server takes. */
export interface ClientCommandOptions {
  readonly server: string
  readonly collection: string
  readonly timeout: number
  readonly json: boolean
}

/** A command that asks a server: with the options they all have. */
export function clientCommand (name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--server <host:port>', 'the server; HAMMINGBIRD_SERVER sets it too', process.env['HAMMINGBIRD_SERVER'] || DEFAULT_SERVER)
    .option('--collection <name>', 'the collection', 'default')
    .option('--timeout <seconds>', 'longest wait for an answer', positive, 30)
    .option('--json', 'JSON for programs', false)
}

/**
 * Runs a command's work with a client, and closes it. Ctrl-C aborts the signal, and a second one ends the process.
 *
 * @throws what the work throws; `Interrupted` when the process was asked to end.
 */
export async function withClient<T> (options: ClientCommandOptions, work: (client: HammingbirdClient, signal: AbortSignal) => Promise<T>): Promise<T> {
  if (!isPlace(options.server)) throw wrongUsage(`--server (or HAMMINGBIRD_SERVER): HOST:PORT, got ${JSON.stringify(options.server)}`)
  const interrupt = new AbortController()
  const { signal } = interrupt
  setMaxListeners(0, signal) // one a call that is on its way
  const ask = (name: 'SIGINT' | 'SIGTERM') => {
    if (signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143)
    interrupt.abort(new Interrupted(name))
  }
  process.on('SIGINT', ask)
  process.on('SIGTERM', ask)
  try {
    await using client = await HammingbirdClient.open({ server: options.server, collection: options.collection, timeoutMs: options.timeout * 1000 })
    signal.throwIfAborted()
    return await work(client, signal)
  } finally {
    process.off('SIGINT', ask)
    process.off('SIGTERM', ask)
  }
}

/** An argument that is a whole number from `least` on. */
export function whole (least: number, most = 0xffff_ffff): (text: string) => number {
  return text => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < least || value > most) throw new InvalidArgumentError(`It is a whole number from ${least}${most === 0xffff_ffff ? ' on' : ` to ${most}`}.`)
    return value
  }
}

/** An argument that is the width of a code. */
export function codeBits (text: string): number {
  const bits = Number(text)
  if (!/^\d+$/.test(text) || bits < 16 || bits > 1024 || bits % 8 !== 0) throw new InvalidArgumentError('a multiple of 8 from 16 to 1024.')
  return bits
}

function positive (text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= 86_400)) throw new InvalidArgumentError('It is a number of seconds above 0, at most a day.')
  return value
}

/** A time as people write it. */
export function time (text: string): Date {
  const date = new Date(text)
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)/.exec(text)?.map(Number) ?? []
  const onCalendar = day === undefined || new Date(Date.UTC(year!, month! - 1, day)).getUTCDate() === day // Date takes 30 February for 1 March
  if (Number.isNaN(date.getTime()) || !onCalendar) throw new InvalidArgumentError('It is a time such as 2026-11-21 or 2026-11-21T14:05:00Z.')
  return date
}

/** For options that may be given several times, and lists with commas. */
export function list (text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(',').map(part => part.trim()).filter(part => part !== '')]
}

/** A combination of options or arguments that cannot be. */
export function wrongUsage (message: string): HammingbirdError {
  return new HammingbirdError('HAMMINGBIRD_INVALID', message)
}
