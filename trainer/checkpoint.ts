import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readSafetensors, writeSafetensors, type NamedTensor } from '../encoder/safetensors.js'
import { HammingbirdError, invalid } from '../errors.js'

/** All that a run needs to go on as if it had never stopped. */
export interface Checkpoint {
  /** Steps done. */
  readonly step: number
  readonly cpuMs: number
  readonly wallMs: number
  readonly variables: ReadonlyMap<string, FloatTensor>
  readonly velocities: ReadonlyMap<string, FloatTensor>
}

interface FloatTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

const NAME = 'checkpoint.safetensors'

/**
 * Writes a checkpoint, whole or not at all: beside the old one, then renamed over it.
 *
 * @param key says what run it belongs to.
 */
export async function writeCheckpoint (directory: string, key: string, { step, cpuMs, wallMs, variables, velocities }: Checkpoint): Promise<void> {
  const tensors = new Map<string, NamedTensor>([
    ['run.key', { shape: [32], data: digest(key) }],
    ['run.counts', { shape: [3], data: Int32Array.of(step, cpuMs, wallMs) }]
  ])
  for (const [name, tensor] of variables) tensors.set(`variable.${name}`, tensor)
  for (const [name, tensor] of velocities) tensors.set(`velocity.${name}`, tensor)
  await mkdir(directory, { recursive: true })
  const fresh = join(directory, `${NAME}.${process.pid}`)
  await writeFile(fresh, writeSafetensors(tensors))
  await rename(fresh, join(directory, NAME))
}

/**
 * The checkpoint of a directory; undefined where there is none.
 *
 * @throws HammingbirdError `HAMMINGBIRD_INVALID` when it belongs to another run: to go on from it would mix the two; `HAMMINGBIRD_FORMAT` when it is damaged.
 */
export async function readCheckpoint (directory: string, key: string): Promise<Checkpoint | undefined> {
  const path = join(directory, NAME)
  if (!existsSync(path)) return undefined
  const tensors = tensorsOf(path, await readFile(path))
  const own = tensors.get('run.key')?.data
  const counts = tensors.get('run.counts')?.data
  if (own === undefined || counts === undefined || !Buffer.from(own.buffer, own.byteOffset, own.byteLength).equals(digest(key))) {
    throw invalid('checkpoint', `${path} is of a run with other settings: name another directory, or remove it`)
  }
  const of = (prefix: string): Map<string, FloatTensor> => new Map([...tensors]
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, { shape, data }]) => [name.slice(prefix.length), { shape, data: data as Float32Array }]))
  return { step: counts[0]!, cpuMs: counts[1]!, wallMs: counts[2]!, variables: of('variable.'), velocities: of('velocity.') }
}

function tensorsOf (path: string, bytes: Uint8Array): Map<string, NamedTensor> {
  try {
    return readSafetensors(bytes)
  } catch (cause) {
    throw new HammingbirdError('HAMMINGBIRD_FORMAT', `${path} is damaged: remove it to begin anew`, { cause })
  }
}

function digest (key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
