import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import { HammingbirdError, type HammingbirdClient } from '../client/index.js'
import { verifySnapshot } from '../index-server/snapshot/verify-snapshot.js'
import { clientCommand, withClient, type ClientCommandOptions } from './client-command.js'
import { print, printJson } from './output.js'

/** `hammingbird snapshot FILE` */
export function snapshot (): Command {
  return clientCommand('snapshot', 'write a collection to one file, while it is used: its images, codes, versions and their models')
    .argument('<file>', 'where it goes: it is there when it is whole and has been read back')
    .action((file: string, options: ClientCommandOptions) => withClient(options, (client, signal) => take(client, signal, file, options)))
}

async function take (client: HammingbirdClient, signal: AbortSignal, file: string, { json }: ClientCommandOptions): Promise<void> {
  const aside = `${file}.${process.pid}`
  try {
    await pipeline(client.snapshot({ signal }), createWriteStream(aside), { signal })
    const { header, manifest } = await verifySnapshot(createReadStream(aside))
    await rename(aside, file)
    if (json) return printJson({ file, collection: header.collection, parts: manifest.parts.map(({ part, records, sha256 }) => ({ part, records, sha256: sha256.toString('hex') })) })
    for (const { part, records } of manifest.parts) await print(`${part}  ${records} records`)
    await print(`${file}: collection ${header.collection}, whole`)
  } catch (err) {
    await rm(aside, { force: true })
    signal.throwIfAborted() // with why
    const { syscall, message } = err as NodeJS.ErrnoException
    throw typeof syscall === 'string' ? new HammingbirdError('HAMMINGBIRD_STORAGE', `${file} cannot be written: ${message}`, { cause: err }) : err
  }
}
