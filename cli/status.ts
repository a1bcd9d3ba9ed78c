import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { GetStatusResponse, HammingbirdClient } from '../client/index.js'
import { clientCommand, withClient, type ClientCommandOptions } from './client-command.js'
import { facts } from './facts.js'
import { statusJson } from './json.js'
import { print, printable, printJson, styled } from './output.js'
import { table } from './table.js'

interface StatusOptions extends ClientCommandOptions {
  readonly watch: boolean
}

const EVERY_MS = 1000
const number = new Intl.NumberFormat('en')

/** `hammingbird status` */
export function status (): Command {
  return clientCommand('status', 'show how far everything is: items, versions, workers')
    .option('--watch', 'again each second, until Ctrl-C; with --json a line each time', false)
    .action((options: StatusOptions) => withClient(options, (client, signal) => show(client, signal, options)))
}

async function show (client: HammingbirdClient, signal: AbortSignal, { json, watch }: StatusOptions): Promise<void> {
  for (;;) {
    const answer = await client.status({ signal })
    if (json) await printJson(statusJson(answer))
    else {
      if (watch && process.stdout.isTTY) process.stdout.write('\x1b[H\x1b[2J')
      await print(lines(answer).join('\n'))
    }
    if (!watch) return
    await sleep(EVERY_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

function lines (status: GetStatusResponse): string[] {
  const { collection, log, liveItems, setAside, versions, liveVersion, stopped, lagSeconds, workers, release, uptimeSeconds, logSilentSeconds } = status
  return [
    ...facts([
      ['collection', collection],
      ['items', `${number.format(liveItems)} live · ${number.format(setAside)} set aside`],
      ['behind', behind(lagSeconds, logSilentSeconds)],
      ['log', log],
      ['server', `release ${release}, up ${duration(uptimeSeconds)}`]
    ]),
    ...(logSilentSeconds === 0 ? [] : [styled('red', `${log === 'kafka' ? 'Kafka' : 'the log'} has not answered for ${duration(logSilentSeconds)}: what is said here is of then`)]),
    ...stopped.map(what => styled('red', `stopped: ${printable(what)}`)),
    '',
    ...table(
      [{ name: 'version' }, { name: 'bits', align: 'right' }, { name: 'coded', align: 'right' }, { name: 'set aside', align: 'right' }, { name: 'waiting', align: 'right' }, { name: 'behind' }],
      versions.map(({ version, bits, coded, setAside, waiting, lagSeconds, caughtUp }) => [
        version === liveVersion ? `${version} live` : version, String(bits), number.format(coded), number.format(setAside), number.format(waiting), behind(caughtUp ? 0 : lagSeconds, logSilentSeconds)
      ])
    ),
    ...(workers.length === 0 ? [] : ['', ...table(
      [{ name: 'workers' }, { name: 'running', align: 'right' }, { name: 'jobs done', align: 'right' }, { name: 'lost', align: 'right' }, { name: 'backend', cut: 'end' }],
      workers.map(({ kind, running, done, lost, backend }) => [kind, number.format(running), number.format(done), number.format(lost), backend])
    )])
  ]
}

/** @param silentSeconds since when nothing more is known. */
function behind (seconds: number, silentSeconds: number): string {
  if (seconds > 0) return duration(seconds)
  return silentSeconds === 0 ? 'caught up' : `caught up ${duration(silentSeconds)} ago`
}

/** `0.4 s`, `12 s`, `3 min`, `5 h`, `2 days`. */
function duration (seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 120) return `${seconds.toFixed(0)} s`
  if (seconds < 7200) return `${(seconds / 60).toFixed(0)} min`
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(0)} h` : `${(seconds / 86_400).toFixed(0)} days`
}
