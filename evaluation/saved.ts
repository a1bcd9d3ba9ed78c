import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeModel } from '../encoder/make-model.js'
import type { Variables } from '../encoder/layers/variables.js'
import { readModelFiles } from '../encoder/model-files.js'
import type { Tensors } from '../encoder/safetensors.js'
import { loadSession } from '../encoder/session.js'
import { invalid } from '../errors.js'
import { parseManifest, type Manifest } from '../registry/manifest.js'
import type { PixelSet } from '../trainer/datasets/dataset.js'
import { resized } from '../trainer/resize.js'

const MANIFEST = 'manifest.json'
/** Pictures whose outputs are recorded with a model, to be held to wherever it is loaded. */
const RECORDED = 16
const AT_ONCE = 500

/** Writes a trained model as it would be published, its manifest beside its files. What only training needed stays behind. */
export async function saveModel (directory: string, draft: Omit<Manifest, 'manifest' | 'files'>, variables: Variables, pictures: PixelSet): Promise<Manifest> {
  const weights = new Map([...await variables.read()].filter(([name]) => !name.startsWith('classifier')))
  const count = Math.min(RECORDED, pictures.count)
  const manifest = await makeModel(directory, draft, weights, pictures.pixels.slice(0, count * pictures.width * pictures.height * 3))
  await writeFile(join(directory, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`)
  return manifest
}

/** A model that was saved, ready to encode sets. */
export interface SavedModel extends Disposable {
  readonly manifest: Manifest
  readonly backend: string
  /** [count, bits], before the sign; pictures of another size are scaled. */
  encode (set: PixelSet): Promise<Float32Array>
}

async function readManifest (directory: string): Promise<Manifest> {
  return parseManifest(await readFile(join(directory, MANIFEST), 'utf8').catch(() => { throw invalid('model', `${directory} has no ${MANIFEST}`) }))
}

/** What a network begins with that goes on from another one's training. */
export interface Start {
  /** Of the backbone alone: a hash layer begins anew. */
  readonly weights: Tensors
  /** What its training took, to be added. */
  readonly cpuMs: number
  /** Where it comes from, in a few words. */
  readonly from: string
}

/** @throws HammingbirdError as `openSaved`. */
export async function startOfSaved (directory: string): Promise<Start> {
  const manifest = await readManifest(directory)
  const { weights } = await readModelFiles(manifest, directory)
  const { cpuMinutes } = manifest.provenance
  if (cpuMinutes === undefined) throw invalid('start', `${directory} does not say what its training took`)
  return {
    weights: new Map([...weights].filter(([name]) => !/^(hash|hidden|detail)/.test(name))),
    cpuMs: Number(cpuMinutes) * 6e4,
    from: originOf(manifest)
  }
}

/** How a saved model came to be, in a few words. */
export function originOf ({ provenance: { recipe, trainedOn, cpuMinutes, chosen } }: Manifest): string {
  return [recipe ?? 'a model', trainedOn, cpuMinutes && `${Number(cpuMinutes).toFixed(1)} CPU minutes`, chosen].filter(Boolean).join(', ')
}

/** @throws HammingbirdError as a session that does not open; `HAMMINGBIRD_INVALID` where there is no manifest. */
export async function openSaved (directory: string): Promise<SavedModel> {
  const manifest = await readManifest(directory)
  const session = await loadSession(manifest, directory)
  return {
    manifest,
    backend: session.backend,
    encode: async set => {
      const outputs = new Float32Array(set.count * manifest.bits)
      for (let from = 0; from < set.count; from += AT_ONCE) {
        const count = Math.min(AT_ONCE, set.count - from)
        const encoded = await session.encode(resized(set, from, count, manifest.input), count, { outputs: true }, () => undefined)
        outputs.set(encoded.outputs!, from * manifest.bits)
      }
      return outputs
    },
    [Symbol.dispose]: () => { session.dispose() }
  }
}
