import { statfs } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { HammingbirdError, invalid } from '../errors.js'
import { makeDirectories, removeEmpty } from './made-directories.js'
import { reasonOf } from './reason-of.js'

/** Where one machine's state lies: one RocksDB directory an owner. Disposed of, it leaves none behind that was made for it and got no state. */
export interface DataDirectory extends AsyncDisposable {
  readonly root: string
  readonly log: string
  readonly index: string
  readonly folders: string
  readonly pictures: string
  readonly models: string
  readonly scratch: string
}

const LEAST_FREE_BYTES = 64 * 1024 * 1024

/** @throws HammingbirdError `HAMMINGBIRD_INVALID` without a name, `HAMMINGBIRD_STORAGE` when it cannot be made, or its disk is full. */
export async function openDataDirectory (directory: string): Promise<DataDirectory> {
  if (directory === '') throw invalid('--data', 'the name of a directory')
  const root = resolve(directory)
  const made: string[] = []
  try {
    made.push(...await makeDirectories(root))
    const { bavail, bsize } = await statfs(root)
    if (bavail * bsize < LEAST_FREE_BYTES) {
      throw new HammingbirdError('HAMMINGBIRD_STORAGE', `${root}: the disk has ${Math.floor(bavail * bsize / 1024 / 1024)} MiB free, at least ${LEAST_FREE_BYTES / 1024 / 1024} are needed: free some, or choose another place with --data`)
    }
  } catch (cause) {
    await removeEmpty(made)
    if (cause instanceof HammingbirdError) throw cause
    throw new HammingbirdError('HAMMINGBIRD_STORAGE', `${root} cannot be used: ${reasonOf(cause)}; choose another place with --data`, { cause })
  }
  return {
    root,
    log: join(root, 'log'),
    index: join(root, 'index'),
    folders: join(root, 'folders'),
    pictures: join(root, 'pictures'),
    models: join(root, 'models'),
    scratch: join(root, 'scratch'),
    [Symbol.asyncDispose]: () => removeEmpty(made)
  }
}
