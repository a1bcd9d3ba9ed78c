import { rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CATALOGUE, readPretrained, type CatalogueEntry } from '../encoder/import/catalogue.js'
import { fetchFolder } from '../encoder/import/fetch-folder.js'
import type { Imported } from '../encoder/import/imported.js'
import { codeOf, HammingbirdError } from '../errors.js'
import { makeDirectories, removeEmpty } from './made-directories.js'
import type { StatusLine } from './status-line.js'

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1)

/** @throws HammingbirdError `HAMMINGBIRD_NOT_FOUND`, naming those there are. */
export function catalogueEntry (name: string): CatalogueEntry {
  const entry = CATALOGUE.find(entry => entry.name === name)
  if (entry === undefined) throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `the catalogue has no ${JSON.stringify(name)}; it has ${CATALOGUE.map(({ name }) => name).join(', ')}`)
  return entry
}

/** Where what was fetched is kept: `$XDG_CACHE_HOME/hammingbird/weights`. */
export function weightsDirectory (): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'hammingbird', 'weights')
}

/**
 * The weights of a catalogue entry: from a folder, from an address, from what was fetched before, or from where their owners publish them.
 * What was broken off goes on where it was; what comes is held to the catalogue's SHA-256.
 *
 * @param from a folder, or the http address of a `model.json`; undefined for the owners' own.
 * @throws HammingbirdError `HAMMINGBIRD_NOT_FOUND`, `HAMMINGBIRD_MODEL_INVALID`
 */
export async function pretrainedWeights (entry: CatalogueEntry, from: string | undefined, signal: AbortSignal, line: StatusLine): Promise<Imported> {
  const isAddress = from !== undefined && /^https?:\/\//.test(from)
  if (from !== undefined && !isAddress) return readPretrained(entry, from)
  const directory = join(weightsDirectory(), entry.name)
  const address = from ?? entry.address
  if (address === undefined) {
    return readPretrained(entry, directory).catch(() => {
      throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `the owners of ${entry.name} publish it in another form (${entry.source}): give a layers folder of it with --from`)
    })
  }
  const made = await makeDirectories(directory)
  await fetchFolder(address.endsWith('/') ? `${address}model.json` : address, directory, {
    signal,
    maxBytes: Math.max(2 ** 20, 2 * entry.bytes),
    progress: bytes => { line.say(`fetching ${entry.name}: ${mebibytes(bytes)} of ${mebibytes(entry.bytes)} MiB`) }
  }).finally(() => removeEmpty(made))
  try {
    return await readPretrained(entry, directory)
  } catch (err) {
    if (codeOf(err) === 'HAMMINGBIRD_MODEL_INVALID') await rm(directory, { recursive: true, force: true }) // the next time it is fetched anew
    throw err
  }
}
