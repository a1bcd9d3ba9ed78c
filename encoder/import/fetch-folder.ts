import { open, mkdir, readFile, rename, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { HammingbirdError } from '../../errors.js'

export interface FetchOptions {
  /** Told the bytes that have come so far, over all files, those of an earlier run included. */
  readonly progress?: (bytes: number) => void
  readonly signal?: AbortSignal
  /** A file may have no more. @default 1 GiB */
  readonly maxBytes?: number
}

/**
 * Fetches a layers folder from where its owners publish it: `model.json`, and beside it the files that it names. Goes on
 * where an earlier run was broken off. What has come is not checked here: `readPretrained` does.
 *
 * @param address of `model.json`, http or https.
 * @throws HammingbirdError `HAMMINGBIRD_NOT_FOUND` when the address does not answer with the file;
 * `HAMMINGBIRD_MODEL_INVALID` when what comes is no layers folder, or has no end.
 */
export async function fetchFolder (address: string, directory: string, options: FetchOptions = {}): Promise<void> {
  await mkdir(directory, { recursive: true })
  const before = await fetchFile(new URL(address), join(directory, 'model.json'), 0, options)
  let paths: unknown[]
  try {
    const model = JSON.parse(await readFile(join(directory, 'model.json'), 'utf8')) as { weightsManifest: { paths: unknown[] }[] }
    paths = model.weightsManifest.flatMap(group => group.paths)
  } catch (cause) {
    throw new HammingbirdError('HAMMINGBIRD_MODEL_INVALID', `${address} is no layers model`, { cause })
  }
  let bytes = before
  for (const path of paths) {
    if (typeof path !== 'string' || path !== basename(path) || path === '') throw new HammingbirdError('HAMMINGBIRD_MODEL_INVALID', `${address} names a file that is not beside it`)
    bytes += await fetchFile(new URL(path, address), join(directory, path), bytes, options)
  }
}

/** @returns the file's bytes. */
async function fetchFile (url: URL, path: string, before: number, { progress, signal, maxBytes = 2 ** 30 }: FetchOptions): Promise<number> {
  const sizeOf = (file: string): Promise<number | undefined> => stat(file).then(found => found.size, () => undefined)
  const whole = await sizeOf(path)
  if (whole !== undefined) {
    progress?.(before + whole)
    return whole
  }
  const part = `${path}.part`
  const begun = await sizeOf(part) ?? 0
  const answer = await fetch(url, { headers: begun > 0 ? { range: `bytes=${begun}-` } : {}, ...signal && { signal } }).catch((cause: unknown) => {
    throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `${url.href} does not answer`, { cause })
  })
  // 206: it goes on where we were. 416: nothing is left to send. Anything else that is well: it begins again.
  const goesOn = answer.status === 206
  if (!answer.ok && answer.status !== 416) throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `${url.href} answers ${answer.status} ${answer.statusText}`)
  let bytes = goesOn || answer.status === 416 ? begun : 0
  if (answer.status !== 416) {
    const file = await open(part, goesOn ? 'a' : 'w')
    try {
      for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
        bytes += chunk.length
        if (bytes > maxBytes) throw new HammingbirdError('HAMMINGBIRD_MODEL_INVALID', `${url.href} has more than ${maxBytes} bytes`)
        await file.appendFile(chunk)
        progress?.(before + bytes)
      }
      await file.sync()
    } catch (cause) {
      throw cause instanceof HammingbirdError ? cause : new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `${url.href} broke off after ${bytes} bytes; the same command goes on from there`, { cause })
    } finally {
      await file.close()
    }
  }
  await rename(part, path)
  return bytes
}
