import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import type { HammingbirdClient } from '../client/index.js'
import { timeLeft } from './backfill-progress.js'
import { clientCommand, withClient, type ClientCommandOptions } from './client-command.js'
import { backfillJson } from './json.js'
import { print, printJson } from './output.js'
import { table } from './table.js'

interface StatusOptions extends ClientCommandOptions {
  readonly watch: boolean
}

const EVERY_MS = 1000
const number = new Intl.NumberFormat('en')

/** `hammingbird backfill status` */
export function backfill (): Command {
  return new Command('backfill')
    .description('how far versions have come with encoding what is there')
    .addCommand(clientCommand('status', 'how many images each version has coded, how fast, and how long it takes')
      .argument('[version]', 'only this one', '')
      .option('--watch', 'again each second, until Ctrl-C; with --json a line each time', false)
      .action((version: string, options: StatusOptions) => withClient(options, (client, signal) => show(client, signal, version, options))))
}

async function show (client: HammingbirdClient, signal: AbortSignal, version: string, { json, watch }: StatusOptions): Promise<void> {
  for (;;) {
    const backfills = await client.models.backfill(version, { signal })
    if (json) await printJson({ backfills: backfills.map(backfillJson) })
    else {
      if (watch && process.stdout.isTTY) process.stdout.write('\x1b[H\x1b[2J')
      const columns = [{ name: 'version' }, { name: 'coded', align: 'right' }, { name: 'set aside', align: 'right' }, { name: 'waiting', align: 'right' }, { name: 'images/s', align: 'right' }, { name: 'left' }] as const
      const rows = backfills.map(({ version, coded, setAside, waiting, imagesPerSecond, remaining, caughtUp }) =>
        [version, number.format(coded), number.format(setAside), number.format(waiting), number.format(Math.round(imagesPerSecond)), caughtUp ? 'caught up' : remaining ? timeLeft(remaining.seconds) : 'not known'])
      for (const line of table(columns, rows)) await print(line)
    }
    if (!watch) return
    await sleep(EVERY_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}
