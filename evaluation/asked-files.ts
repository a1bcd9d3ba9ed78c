import { constants } from 'node:fs'
import { access, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { readSafetensors, type NamedTensor } from '../encoder/safetensors.js'
import { HammingbirdError, invalid } from '../errors.js'

/** What the system's word for a refusal means to a person. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'there is a file of that name',
  EACCES: 'this user may not',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full'
}

function reasonOf (err: unknown): string {
  const { code, message } = err as NodeJS.ErrnoException
  return reasons[code ?? ''] ?? message
}

/** Reads a file that an option names. @throws HammingbirdError `HAMMINGBIRD_INVALID`, naming the file, when it cannot be read. */
export async function readAsked (file: string): Promise<Buffer> {
  return await readFile(file).catch(err => { throw invalid(file, `cannot be read: ${reasonOf(err)}`) })
}

/** The tensors of such a file. @throws HammingbirdError as `readAsked`, and `HAMMINGBIRD_FORMAT` for a damaged one. */
export async function readAskedTensors (file: string): Promise<Map<string, NamedTensor>> {
  const bytes = await readAsked(file)
  try {
    return readSafetensors(bytes)
  } catch (cause) {
    throw new HammingbirdError('HAMMINGBIRD_FORMAT', `${file}: ${(cause as Error).message}`, { cause })
  }
}

/** Makes the directory that an option names, or takes it as it is. @throws HammingbirdError `HAMMINGBIRD_INVALID` where nothing could be written into it. */
export async function makeAskedDirectory (directory: string): Promise<void> {
  try {
    await mkdir(resolve(directory), { recursive: true })
    await access(directory, constants.W_OK)
  } catch (err) {
    throw invalid(directory, `is no directory that can be written to: ${reasonOf(err)}`)
  }
}

/** Makes ready for a file that an option names; writes nothing yet. @throws HammingbirdError `HAMMINGBIRD_INVALID` where it could not be written. */
export async function makeReadyFor (file: string): Promise<void> {
  await makeAskedDirectory(dirname(resolve(file)))
  try {
    if ((await stat(file)).isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' })
    await access(file, constants.W_OK)
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'ENOENT') throw invalid(file, `cannot be written: ${reasonOf(err)}`)
  }
}

/** Writes what came out. @throws HammingbirdError `HAMMINGBIRD_STORAGE`, naming the file. */
export async function writeAsked (file: string, value: unknown): Promise<void> {
  await writeFile(file, `${JSON.stringify(value, undefined, 2)}\n`).catch((cause: unknown) => {
    throw new HammingbirdError('HAMMINGBIRD_STORAGE', `${file} cannot be written: ${reasonOf(cause)}`, { cause })
  })
}
