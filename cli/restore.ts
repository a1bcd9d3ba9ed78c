import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { HammingbirdError, invalid } from '../errors.js'
import { restoreSnapshot } from '../index-server/snapshot/restore-snapshot.js'
import { verifySnapshot } from '../index-server/snapshot/verify-snapshot.js'
import { EmbeddedLog } from '../log/embedded-log.js'
import { Collections, type CollectionConfig } from '../registry/collections.js'
import { openDataDirectory } from './data-directory.js'
import { print } from './output.js'

const DATA = './hammingbird-data'

/** `hammingbird restore FILE` */
export function restore (): Command {
  return new Command('restore')
    .description('make a collection anew from a snapshot, in a data directory where it is not: checked before, and read back after')
    .argument('<file>', 'what `hammingbird snapshot` wrote')
    .option('--data <dir>', `the data directory, of a server that does not run; HAMMINGBIRD_DATA sets it too (default: ${DATA}, where there is no collection in it)`, process.env['HAMMINGBIRD_DATA'] || undefined)
    .action(runRestore)
}

async function runRestore (file: string, options: { readonly data?: string }): Promise<void> {
  if (!(await stat(file).catch(() => undefined))?.isFile()) throw invalid('FILE', `a snapshot; there is no file ${file}`)
  const archive = (): AsyncIterable<Uint8Array> => createReadStream(file, { highWaterMark: 2 ** 20 })
  const verified = await verifySnapshot(archive())
  const { name } = JSON.parse(verified.header.config) as CollectionConfig
  process.stderr.write(`restoring collection ${name} into ${resolve(options.data ?? DATA)}\n`)
  await using data = await openDataDirectory(options.data ?? DATA)
  await using log = await EmbeddedLog.open({ directory: data.log })
  if (options.data === undefined) await assertNoCollections(log, data.root)
  const lines: string[] = []
  const { collection, takenAt } = await restoreSnapshot({
    log,
    reader: 'restore',
    archive,
    verified,
    restored: (part, records) => { lines.push(`${part}  ${records} records`) }
  })
  for (const line of lines) await print(line)
  await print(`collection ${collection} of ${takenAt.toISOString()} is in ${data.root}, read back and compared; start it: hammingbird up --data ${data.root}`)
}

/** A directory that nobody named is not one to put a collection beside others in. */
async function assertNoCollections (log: EmbeddedLog, root: string): Promise<void> {
  await using collections = await Collections.open(log, 'restore.before')
  const names = collections.list().map(({ name }) => name)
  if (names.length > 0) throw new HammingbirdError('HAMMINGBIRD_ALREADY_EXISTS', `${root} has collections already (${names.join(', ')}), and nothing was written to it: name another directory with --data, or this one if it is meant`)
}
