import { basename, resolve } from 'node:path'
import { realpath, stat } from 'node:fs/promises'
import { invalid } from '../errors.js'
import { RocksKeyValue } from '../kv/rocks.js'
import { FolderSource, type FolderCounts } from '../pipeline/sources/folder.js'
import { DEFAULT_COLLECTION } from '../registry/collections.js'
import type { AllInOne } from './all-in-one.js'
import type { DataDirectory } from './data-directory.js'
import { logPublisher } from './log-publisher.js'

export interface FolderSourcesOptions {
  readonly mayDelete: (missing: number, known: number, root: string) => Promise<boolean>
  readonly failed: (err: unknown, path: string) => void
}

export interface FolderSources extends AsyncDisposable {
  readonly counts: () => readonly FolderCounts[]
}

/** @throws HammingbirdError `HAMMINGBIRD_INVALID` when one cannot be watched. */
export async function assertFolders (folders: readonly string[], data: string): Promise<void> {
  const names = folders.map(folder => basename(resolve(folder)))
  for (const [i, folder] of folders.entries()) {
    const found = await stat(folder).catch(() => undefined)
    if (!found) throw invalid(folder, 'there is no such folder')
    if (!found.isDirectory()) throw invalid(folder, 'that is a file, and a folder is watched; hammingbird publish takes files')
    if (await realpath(folder) === await realpath(data).catch(() => '')) throw invalid('--data', `${data} is the folder of pictures itself: take another place for the state`)
    if (names.indexOf(names[i]!) !== i) throw invalid(folder, `two folders are called ${names[i]}, which would stand before the ids of both`)
  }
}

/** Watches folders that are there. With one, an id is a path in it; with several, the folder's name stands before. */
export async function openFolders ({ log, registry }: AllInOne, data: DataDirectory, folders: readonly string[], { mayDelete, failed }: FolderSourcesOptions): Promise<FolderSources> {
  const roots = folders.map(folder => resolve(folder))
  const names = roots.map(root => basename(root))
  const { config, topics } = registry.get(DEFAULT_COLLECTION)
  const closing = new AbortController()
  const kv = await RocksKeyValue.open({ directory: data.folders, cacheBytes: 2 ** 20, writeBufferBytes: 4 * 2 ** 20 })
  const publisher = logPublisher(log, topics, closing.signal)
  const sources: FolderSource[] = []
  for (const [i, root] of roots.entries()) {
    sources.push(await FolderSource.open({
      root,
      target: `${config.name}@${config.createdAtMs}`,
      kv,
      publisher,
      imageBytes: config.imageBytes,
      ...(roots.length > 1 ? { idPrefix: `${names[i]}/` } : {}),
      mayDelete: (missing, known) => mayDelete(missing, known, root),
      failed: (err, path) => { if (!closing.signal.aborted) failed(err, path) }
    }))
  }
  return {
    counts: () => sources.map(source => source.counts()),
    async [Symbol.asyncDispose] () {
      closing.abort()
      await Promise.all(sources.map(source => source.close()))
      await kv.close()
    }
  }
}
