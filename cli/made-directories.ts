import { mkdir, rmdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Makes a directory and those above it that are not there. Node's own way of doing so never ends below /proc, where a directory can be made nowhere.
 *
 * @returns those it made, the outermost first.
 */
export async function makeDirectories (path: string): Promise<string[]> {
  try {
    await mkdir(path)
    return [path]
  } catch (err) {
    const { code } = err as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return []
    if (code !== 'ENOENT' || dirname(path) === path) throw err
    const above = await makeDirectories(dirname(path))
    try {
      await mkdir(path)
    } catch (err) {
      // Another process may have been there first.
      if ((err as NodeJS.ErrnoException).code === 'EEXIST' && (await stat(path)).isDirectory()) return above
      await removeEmpty(above)
      throw err
    }
    return [...above, path]
  }
}

/** Removes directories that were made, but those that something has come into: what was refused leaves nothing behind. */
export async function removeEmpty (made: readonly string[]): Promise<void> {
  for (const directory of made.toReversed()) await rmdir(directory).catch(() => undefined)
}
