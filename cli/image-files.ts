import { readFile, stat } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { join, normalize, sep } from 'node:path'
import { MAX_IMAGE_BYTES } from '../client/index.js'
import { codeOf, HammingbirdError } from '../errors.js'
import { walk } from '../pipeline/sources/walk.js'
import { wrongUsage } from './client-command.js'

/** A file named on the command line, or found below a folder that was. */
export interface ImageFile {
  /** Where it is; `-` is stdin. */
  readonly file: string
  /** What it is called in the index: below a folder the path from there, as `up` has it; else the path as it was given. */
  readonly id: string | undefined
}

/**
 * The image files that arguments name: files as they are, pictures below folders by their names, `-` for stdin.
 *
 * @param unreadable is told of folders that cannot be read; the others go on.
 * @throws HammingbirdError `HAMMINGBIRD_INVALID` before the first file when an argument is nothing that is there.
 */
export async function * imageFiles (paths: readonly string[], unreadable: (file: string, err: unknown) => void): AsyncGenerator<ImageFile> {
  const folders = new Set<string>()
  for (const path of paths) {
    if (path !== '-' && await isFolder(path)) folders.add(path)
  }
  for (const path of paths) {
    if (folders.has(path)) {
      for await (const id of walk(path, (folder, err) => unreadable(join(path, folder), err))) yield { file: join(path, id), id }
    } else {
      yield { file: path, id: path === '-' ? undefined : normalize(path).split(sep).join('/') }
    }
  }
}

async function isFolder (path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (err) {
    throw notThere(path, err)
  }
}

function notThere (path: string, err: unknown): HammingbirdError {
  return wrongUsage((err as NodeJS.ErrnoException).code === 'ENOENT' ? `there is no file ${JSON.stringify(path)}` : (err as Error).message)
}

/** A file's bytes, or stdin's. @throws HammingbirdError when it cannot be read, or is larger than any server takes. */
export async function readImage (file: string): Promise<Buffer> {
  if (file === '-') return notEmpty(await buffer(process.stdin), 'what came on stdin')
  try {
    const found = await stat(file)
    // Reading a pipe that nobody writes to never ends, and cannot be taken back.
    if (!found.isFile()) throw wrongUsage(`${file} is ${found.isDirectory() ? 'a folder' : 'a pipe or a device: redirect it, and name - as the file'}`)
    const { size } = found
    if (size > MAX_IMAGE_BYTES) throw new HammingbirdError('HAMMINGBIRD_IMAGE_TOO_LARGE', `an image file has at most ${MAX_IMAGE_BYTES} bytes, ${file} has ${size}`)
    return notEmpty(await readFile(file), file)
  } catch (err) {
    if (codeOf(err) !== 'HAMMINGBIRD_INTERNAL') throw err
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') throw notThere(file, err)
    throw new HammingbirdError('HAMMINGBIRD_IMAGE_UNREADABLE', (err as Error).message, { cause: err })
  }
}

function notEmpty (bytes: Buffer, what: string): Buffer {
  if (bytes.length === 0) throw new HammingbirdError('HAMMINGBIRD_IMAGE_UNREADABLE', `${what} is empty`)
  return bytes
}
