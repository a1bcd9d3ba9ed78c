import { assertBits } from '../hamming/code.js'
import { HammingbirdError } from '../errors.js'

/** How a canonical picture becomes a network's input. */
export interface PictureInput {
  /** Pixels. */
  readonly width: number
  readonly height: number
  /** `squash`: both sides scaled on their own. `crop`: the shorter side scaled, the middle cut out. */
  readonly fit: 'squash' | 'crop'
}

/** One file of a model. Names come from `FILE_NAMES` and nowhere else: a name never becomes a path by itself. */
export interface ModelFile {
  readonly name: FileName
  readonly bytes: number
  /** Lower-case hex. */
  readonly sha256: string
}

export const FILE_NAMES = ['weights.safetensors', 'recorded.safetensors', 'evaluation.json', 'training.json'] as const
export type FileName = typeof FILE_NAMES[number]

/** What a model version is: immutable once published. */
export interface Manifest {
  /** Format of this page. */
  readonly manifest: 1
  /** `v` and a number: v0 is the built-in one. */
  readonly version: string
  /** Width of the codes. */
  readonly bits: number
  /** Name of the network in `encoder/networks/`, or `classical` for the one that needs no TensorFlow. */
  readonly network: string
  /** What the network is told of itself: widths, bits, pooling; each network checks its own. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly input: PictureInput
  /** Applied to u8 values: (x · scale − mean[c]) / std[c], channels in the order of `channels`. */
  readonly normalisation: {
    readonly channels: 'rgb' | 'bgr'
    readonly scale: number
    readonly mean: readonly [number, number, number]
    readonly std: readonly [number, number, number]
  }
  /** int8 features kept beside the code to order ties; 0 for none, at most 64. */
  readonly detail: number
  readonly files: readonly ModelFile[]
  /** Unix time. */
  readonly createdMs: number
  /** Where it comes from: recipe, dataset or collection, parent version; for people. */
  readonly provenance: Readonly<Record<string, string>>
}

/** What an encoder calls a version of a collection: v1 of one is not v1 of another, nor of one deleted and made again. */
export function modelName (collection: { readonly name: string, readonly createdAtMs: number }, version: string): string {
  return `${collection.name}@${collection.createdAtMs}/${version}`
}

const VERSION = /^v(?:0|[1-9][0-9]{0,8})$/

export function isVersion (name: string): boolean {
  return VERSION.test(name)
}

/** The number in a version's name: `v12` → 12. @throws HammingbirdError `HAMMINGBIRD_INVALID` when it is none. */
export function versionNumber (name: string): number {
  if (!isVersion(name)) throw new HammingbirdError('HAMMINGBIRD_INVALID', `a version is v and a number without leading zeros, got ${JSON.stringify(name)}`)
  return Number(name.slice(1))
}

/**
 * Checks what came from outside to be a manifest, field by field.
 *
 * @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID`, naming the first field that is wrong.
 */
export function parseManifest (text: string): Manifest {
  let value: Manifest
  try {
    value = JSON.parse(text) as Manifest
  } catch (cause) {
    throw new HammingbirdError('HAMMINGBIRD_MODEL_INVALID', 'the manifest is no JSON', { cause })
  }
  const check = (holds: unknown, field: string, rule: string): void => {
    if (holds !== true) throw new HammingbirdError('HAMMINGBIRD_MODEL_INVALID', `manifest: ${field} must be ${rule}`)
  }
  const side = (n: unknown): boolean => Number.isInteger(n) && (n as number) >= 1 && (n as number) <= 1024
  const triple = (list: unknown): boolean => Array.isArray(list) && list.length === 3 && list.every(Number.isFinite)
  check(typeof value === 'object' && value !== null, 'it', 'an object')
  check(value.manifest === 1, 'manifest', '1: another format needs another release')
  check(typeof value.version === 'string' && isVersion(value.version), 'version', 'v and a number')
  try {
    assertBits(value.bits)
  } catch (cause) {
    throw new HammingbirdError('HAMMINGBIRD_MODEL_INVALID', `manifest: ${(cause as Error).message}`, { cause })
  }
  check(typeof value.network === 'string' && /^[a-z0-9][a-z0-9-]{0,62}$/.test(value.network), 'network', 'a name of lower-case letters, digits and hyphens')
  check(typeof value.settings === 'object' && value.settings !== null, 'settings', 'an object')
  check(side(value.input?.width) && side(value.input?.height), 'input', 'of 1 to 1024 pixels a side')
  check(value.input.fit === 'squash' || value.input.fit === 'crop', 'input.fit', 'squash or crop')
  check(['rgb', 'bgr'].includes(value.normalisation?.channels), 'normalisation.channels', 'rgb or bgr')
  check(Number.isFinite(value.normalisation.scale), 'normalisation.scale', 'a number')
  check(triple(value.normalisation.mean), 'normalisation.mean', 'three numbers')
  check(triple(value.normalisation.std) && value.normalisation.std.every(s => s > 0), 'normalisation.std', 'three numbers above 0')
  check(Number.isInteger(value.detail) && value.detail >= 0 && value.detail <= 64, 'detail', '0 to 64')
  check(Array.isArray(value.files) && new Set(value.files.map(f => f?.name)).size === value.files.length, 'files', 'a list without a name twice')
  for (const file of value.files) {
    check(FILE_NAMES.includes(file.name), 'files[].name', `one of ${FILE_NAMES.join(', ')}`)
    check(Number.isSafeInteger(file.bytes) && file.bytes >= 0, `files[${file.name}].bytes`, 'a count')
    check(/^[0-9a-f]{64}$/.test(file.sha256), `files[${file.name}].sha256`, '64 hex digits')
  }
  check(Number.isSafeInteger(value.createdMs), 'createdMs', 'a Unix time')
  check(typeof value.provenance === 'object' && value.provenance !== null, 'provenance', 'an object')
  return value
}
