import { HammingbirdError } from '../errors.js'
import type { Manifest } from '../registry/manifest.js'
import { inputBytes } from './encoder.js'
import { FeatureSession } from './features.js'
import type { Picture } from './import/catalogue.js'
import type { Imported } from './import/imported.js'
import { fitItqAside } from './itq-aside.js'
import { makeModel } from './make-model.js'
import type { RunnerOptions } from './runner.js'
import type { NamedTensor } from './safetensors.js'

export interface HashOptions extends RunnerOptions {
  readonly version: string
  /** Width of the codes. */
  readonly bits: number
  /** int8 features kept beside the code. @default 32, or as many as the network has features */
  readonly detail?: number
  /** Unix time. */
  readonly createdMs: number
  /** For people: where the weights come from, what the layer was fitted on. */
  readonly provenance: Readonly<Record<string, string>>
  /** Gives up. */
  readonly signal?: AbortSignal
  /** Told how many pictures the network has seen. */
  readonly progress?: (pictures: number) => void
}

const RECORDED = 16

/**
 * Makes a version of a pretrained network: a hash layer is fitted by ITQ on what it says of pictures, without labels.
 *
 * @param pictures batches of any size, u8 [n, height, width, 3], in the size of `picture.input`; some thousands are enough.
 * @param directory where the files of the model are written.
 * @throws HammingbirdError `HAMMINGBIRD_INVALID` when there are fewer pictures than bits, or the network has fewer features.
 */
export async function hashPretrained (imported: Imported, picture: Picture, pictures: AsyncIterable<Uint8Array>, directory: string, options: HashOptions): Promise<Manifest> {
  const bytes = inputBytes(picture.input)
  const batches: Float32Array[] = []
  const recorded: Uint8Array[] = []
  let session: FeatureSession | undefined
  let seen = 0
  try {
    for await (const batch of pictures) {
      session ??= await FeatureSession.open(imported, picture, batch.subarray(0, bytes), options)
      batches.push(await session.extract(batch, batch.length / bytes, options.step))
      for (let at = 0; at < batch.length && recorded.length < RECORDED; at += bytes) recorded.push(batch.slice(at, at + bytes))
      seen += batch.length / bytes
      options.progress?.(seen)
    }
  } finally {
    session?.dispose()
  }
  if (session === undefined) throw new HammingbirdError('HAMMINGBIRD_INVALID', 'a hash layer is fitted on pictures, and there are none')

  const { features: dims } = session
  const { version, bits, createdMs, provenance, detail = Math.min(32, dims) } = options
  const fit = await fitItqAside(joined(batches), dims, { bits, detail }, options.signal)
  const weights = new Map<string, NamedTensor>([...imported.weights].filter(([name]) => !name.startsWith('classifier.')))
  for (const [name, layer, units] of [['hash', fit.hash, bits], ['detail', fit.detail, detail]] as const) {
    if (layer === undefined) continue
    weights.set(`${name}.kernel`, { shape: [dims, units], data: layer.kernel })
    weights.set(`${name}.bias`, { shape: [units], data: layer.bias })
  }
  const draft = { version, bits, network: imported.network, settings: imported.settings, ...picture, detail, createdMs, provenance: { ...provenance, pictures: String(seen) } }
  return makeModel(directory, draft, weights, Buffer.concat(recorded), options)
}

function joined (batches: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const all = new Float32Array(batches.reduce((sum, batch) => sum + batch.length, 0))
  let at = 0
  for (const batch of batches) {
    all.set(batch, at)
    at += batch.length
  }
  return all
}
