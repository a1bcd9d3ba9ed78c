import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, HammingbirdError } from '../errors.js'
import { RocksKeyValue } from '../kv/rocks.js'
import { makeDirectories, removeEmpty } from './made-directories.js'

const LOCK = 'lock'

/**
 * Makes the directory that a run keeps its work in, and holds it until it is disposed of; what keeps no work then is removed. The lock is RocksDB's own on
 * a directory beside the work, which the system takes back from a process however it ends.
 *
 * @param directory an absolute path.
 * @throws HammingbirdError `HAMMINGBIRD_LOCKED` when another process works there.
 */
export async function holdWork (directory: string): Promise<AsyncDisposable> {
  const made = await makeDirectories(directory)
  const lock = await openLock(directory)
  return {
    async [Symbol.asyncDispose] () {
      await lock.close()
      const kept = await readdir(directory).catch(() => undefined)
      if (kept === undefined || kept.some(name => name !== LOCK)) return
      await rm(join(directory, LOCK), { recursive: true, force: true })
      await removeEmpty([...made.filter(one => one !== directory), directory]) // what another run has put there meanwhile stays
    }
  }
}

async function openLock (directory: string): Promise<RocksKeyValue> {
  try {
    return await RocksKeyValue.open({ directory: join(directory, LOCK), cacheBytes: 2 ** 20, writeBufferBytes: 2 ** 20 })
  } catch (err) {
    if (codeOf(err) !== 'HAMMINGBIRD_LOCKED') throw err
    throw new HammingbirdError('HAMMINGBIRD_LOCKED', `the same run works in ${directory} now: wait for it, stop it, or take another --work directory`, { cause: err })
  }
}

/** Removes all that is kept there; the lock stays. */
export async function clearWork (directory: string): Promise<void> {
  for (const name of await readdir(directory)) if (name !== LOCK) await rm(join(directory, name), { recursive: true })
}
