import type { Manifest } from '../registry/manifest.js'
import { inputBytes } from './encoder.js'
import { MAX_RECORDED, writeModelFiles } from './model-files.js'
import { othersFirst, type RunnerOptions } from './runner.js'
import type { Tensors } from './safetensors.js'
import { Session } from './session.js'

/**
 * Makes a model that can be published: runs it over a few pictures, records what it gives, writes its files, and answers
 * the manifest that lists them.
 *
 * @param draft the manifest, but for what follows from the files.
 * @param pictures u8 [count, height, width, 3], 1 to 64, real ones: what is recorded of noise proves little.
 * @throws HammingbirdError as a session that does not open.
 */
export async function makeModel (directory: string, draft: Omit<Manifest, 'manifest' | 'files'>, weights: Tensors, pictures: Uint8Array, options: RunnerOptions = {}): Promise<Manifest> {
  const bytes = inputBytes(draft.input)
  const count = pictures.length / bytes
  if (!Number.isInteger(count) || count < 1 || count > MAX_RECORDED) throw new RangeError(`a model records 1 to ${MAX_RECORDED} pictures, got ${count}`)
  const manifest: Manifest = { ...draft, manifest: 1, files: [] }
  using session = await Session.open(manifest, weights, pictures.subarray(0, bytes), options)
  const { outputs } = await session.encode(pictures, count, { outputs: true }, options.step ?? othersFirst)
  return { ...manifest, files: await writeModelFiles(directory, { weights, recorded: { pixels: pictures, count, outputs: outputs! } }, manifest) }
}
