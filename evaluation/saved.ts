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

/** A model that has been trained, in memory. What only training needed is left out. */
export interface TrainedModel {
  readonly draft: Omit<Manifest, 'manifest' | 'files'>
  readonly weights: Tensors
  /** The first of what it learned from, whose outputs are recorded with it. */
  readonly pixels: Uint8Array
}

export async function trainedModel (draft: TrainedModel['draft'], variables: Variables, { count, width, height, pixels }: PixelSet): Promise<TrainedModel> {
  const weights = new Map([...await variables.read()].filter(([name]) => !name.startsWith('classifier')))
  return { draft, weights, pixels: pixels.slice(0, Math.min(RECORDED, count) * width * height * 3) }
}

/** Writes a trained model as it would be published, its manifest beside its files. */
export async function saveModel (directory: string, { draft, weights, pixels }: TrainedModel): Promise<Manifest> {
  const manifest = await makeModel(directory, draft, weights, pixels)
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
  /** Its network, as the command line would ask for it. */
  readonly network: string
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
    from: originOf(manifest),
    network: [`--network ${manifest.network}`, ...Object.entries(manifest.settings).map(([name, value]) => `--net ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)].join(' ')
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
