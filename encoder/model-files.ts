import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HammingbirdError } from '../errors.js'
import type { FileName, Manifest, ModelFile } from '../registry/manifest.js'
import { readSafetensors, writeSafetensors, type NamedTensor, type Tensors } from './safetensors.js'

/** What a session is made of. */
export interface ModelFiles {
  readonly weights: Tensors
  readonly recorded: Recorded
}

/** Pictures, and what the model made of them where it was made: whoever loads it must get the same. */
export interface Recorded {
  /** u8 [count, height, width, 3] */
  readonly pixels: Uint8Array
  readonly count: number
  /** [count, bits] */
  readonly outputs: Float32Array
}

/** A picture at full size is 150 kB: as many as prove it, and no more. */
export const MAX_RECORDED = 64

/**
 * Reads what a manifest says a directory holds. Each file is read once, and what was hashed is what is used.
 *
 * @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID` for a file that is missing, is not the one the manifest means, or lies.
 */
export async function readModelFiles (manifest: Manifest, directory: string): Promise<ModelFiles> {
  const [weights, recorded] = await Promise.all([read(manifest, directory, 'weights.safetensors'), read(manifest, directory, 'recorded.safetensors')])
  const pixels = recorded.get('pixels')
  const outputs = recorded.get('outputs')
  const { width, height } = manifest.input
  const count = pixels?.shape[0] ?? 0
  if (!(pixels?.data instanceof Uint8Array) || count < 1 || count > MAX_RECORDED || pixels.shape.join() !== [count, height, width, 3].join()) {
    throw invalidModel(`recorded.safetensors: pixels must be 1 to ${MAX_RECORDED} pictures of u8 [count, ${height}, ${width}, 3]`)
  }
  if (!(outputs?.data instanceof Float32Array) || outputs.shape.join() !== [count, manifest.bits].join()) {
    throw invalidModel(`recorded.safetensors: outputs must be f32 [${count}, ${manifest.bits}]`)
  }
  return { weights, recorded: { pixels: pixels.data, count, outputs: outputs.data } }
}

/** Writes the files of a model, and answers the list that its manifest must have. */
export async function writeModelFiles (directory: string, { weights, recorded }: ModelFiles, { input, bits }: Pick<Manifest, 'input' | 'bits'>): Promise<ModelFile[]> {
  await mkdir(directory, { recursive: true })
  const { pixels, count, outputs } = recorded
  const files: [FileName, Uint8Array][] = [
    ['weights.safetensors', writeSafetensors(weights)],
    ['recorded.safetensors', writeSafetensors(new Map<string, NamedTensor>([
      ['pixels', { shape: [count, input.height, input.width, 3], data: pixels }],
      ['outputs', { shape: [count, bits], data: outputs }]
    ]))]
  ]
  for (const [name, bytes] of files) await writeFile(join(directory, name), bytes)
  return files.map(([name, bytes]) => ({ name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }))
}

async function read (manifest: Manifest, directory: string, name: FileName): Promise<Map<string, NamedTensor>> {
  const listed = manifest.files.find(file => file.name === name)
  if (listed === undefined) throw invalidModel(`the manifest lists no ${name}`)
  const path = join(directory, name)
  const unreadable = (cause: unknown): never => { throw invalidModel(`${name} cannot be read`, cause) }
  const { size } = await stat(path).catch(unreadable)
  if (size !== listed.bytes) throw invalidModel(`${name} has ${size} bytes, the manifest says ${listed.bytes}`)
  // Piece by piece: half a gigabyte hashed in one go would hold up for a second whoever waits for this process.
  const bytes = new Uint8Array(size)
  const hash = createHash('sha256')
  let at = 0
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 4 << 20, end: Math.max(0, size - 1) }) as AsyncIterable<Uint8Array>) {
      bytes.set(chunk, at)
      hash.update(chunk)
      at += chunk.length
    }
  } catch (cause) {
    unreadable(cause)
  }
  if (at !== size || hash.digest('hex') !== listed.sha256) throw invalidModel(`${name} is not the file the manifest means: its SHA-256 differs`)
  return readSafetensors(bytes)
}

/** A model that cannot be used, and why. */
export function invalidModel (what: string, cause?: unknown): HammingbirdError {
  return new HammingbirdError('HAMMINGBIRD_MODEL_INVALID', what, { cause })
}
