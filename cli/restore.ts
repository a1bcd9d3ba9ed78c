import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Command } from 'commander'
import { invalid } from '../errors.js'
import { restoreSnapshot } from '../index-server/snapshot/restore-snapshot.js'
import { EmbeddedLog } from '../log/embedded-log.js'
import { openDataDirectory } from './data-directory.js'
import { print } from './output.js'

/** `hammingbird restore FILE` */
export function restore (): Command {
  return new Command('restore')
    .description('make a collection anew from a snapshot, in a data directory where it is not: checked before, and read back after')
    .argument('<file>', 'what `hammingbird snapshot` wrote')
    .option('--data <dir>', 'the data directory, of a server that does not run; HAMMINGBIRD_DATA sets it too', process.env['HAMMINGBIRD_DATA'] ?? './hammingbird-data')
    .action(runRestore)
}

async function runRestore (file: string, options: { readonly data: string }): Promise<void> {
  if (!(await stat(file).catch(() => undefined))?.isFile()) throw invalid('FILE', `a snapshot; there is no file ${file}`)
  const data = await openDataDirectory(options.data)
  await using log = await EmbeddedLog.open({ directory: data.log })
  const lines: string[] = []
  const { collection, takenAt } = await restoreSnapshot({
    log,
    reader: 'restore',
    archive: () => createReadStream(file, { highWaterMark: 2 ** 20 }),
    restored: (part, records) => { lines.push(`${part}  ${records} records`) }
  })
  for (const line of lines) await print(line)
  await print(`collection ${collection} of ${takenAt.toISOString()} is in ${data.root}, read back and compared; start it: hammingbird up --data ${data.root}`)
}
