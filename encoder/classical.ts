import { HammingbirdError } from '../errors.js'
import { codeOfSigns } from '../hamming/code.js'
import type { Manifest } from '../registry/manifest.js'
import { FEATURES, SIDE, featureReader } from './classical-features.js'
import { DEVIATIONS, MEANS } from './classical-statistics.js'
import type { Model } from './model.js'

/** Name of the network in a manifest. */
export const CLASSICAL = 'classical'

/** In one step; a picture takes a tenth of a millisecond. */
const STEP_PICTURES = 128
const ROUNDS = 3
const PICTURE_BYTES = SIDE * SIDE * 3

/** The manifest of version 0, in codes of so many bits: the same for everyone, for ever. */
export function manifestV0 (bits: number): Manifest {
  return {
    manifest: 1,
    version: 'v0',
    bits,
    network: CLASSICAL,
    settings: {},
    input: { width: SIDE, height: SIDE, fit: 'squash' },
    normalisation: { channels: 'rgb', scale: 1, mean: [0, 0, 0], std: [1, 1, 1] },
    detail: 0,
    files: [],
    createdMs: 0,
    provenance: { recipe: CLASSICAL, from: 'built in: low frequencies of brightness, colour and edges, in a fixed rotation' }
  }
}

/** Turns one picture, which begins at byte `from`, into `outputs`. */
type Projector = (pixels: Uint8Array, from: number, outputs: Float32Array) => void

/**
 * Version 0: what a picture looks like at a glance, without anything learned and without TensorFlow.
 *
 * The features (see `classical-features.ts`) are brought to mean 0 and to their weight by constants measured on photographs,
 * so that bits are balanced; the heaviest, as many as there are bits, are turned by a fixed rotation, so that each bit has a
 * share in all of them. The rotation is three times over: signs flipped as a seeded generator says, then a Walsh-Hadamard
 * transform, which only adds and subtracts.
 *
 * The same picture has the same code on every machine: nothing in the way rounds but in the one way of IEEE 754.
 *
 * @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID` for a manifest that wants other pictures, or something beside codes.
 */
export function classicalModel ({ bits, input, detail }: Manifest): Model {
  if (input.width !== SIDE || input.height !== SIDE || detail !== 0) {
    throw new HammingbirdError('HAMMINGBIRD_MODEL_INVALID', `the classical network takes pictures of ${SIDE} × ${SIDE} and gives no detail`)
  }
  const project = projector(bits)
  return {
    backend: 'classical features, in JavaScript',
    dispose: () => undefined,
    encode: async (pixels, count, { outputs: wanted = false }, step) => {
      if (pixels.length !== count * PICTURE_BYTES) throw new RangeError(`${count} pictures take ${count * PICTURE_BYTES} bytes, got ${pixels.length}`)
      const codes = new Uint8Array(count * bits / 8)
      const outputs = new Float32Array(wanted ? count * bits : 0)
      const row = new Float32Array(bits)
      for (let i = 0; i < count; i++) {
        if (i > 0 && i % STEP_PICTURES === 0) await step()
        project(pixels, i * PICTURE_BYTES, row)
        codes.set(codeOfSigns(row), i * bits / 8)
        if (wanted) outputs.set(row, i * bits)
      }
      return { codes, ...wanted && { outputs } }
    }
  }
}

function projector (bits: number): Projector {
  const heaviest = FEATURES.map((_, k) => k).sort((a, b) => FEATURES[b]!.weight - FEATURES[a]!.weight || a - b).slice(0, bits)
  const scales = heaviest.map(k => FEATURES[k]!.weight / DEVIATIONS[k]!)
  const size = 2 ** Math.ceil(Math.log2(Math.max(bits, heaviest.length)))
  const flips = signs(size * ROUNDS)
  const read = featureReader()
  const features = new Float64Array(FEATURES.length)
  const vector = new Float64Array(size)

  return (pixels, from, outputs) => {
    read(pixels, from, features)
    vector.fill(0)
    for (let i = 0; i < heaviest.length; i++) {
      const k = heaviest[i]!
      vector[i] = (features[k]! - MEANS[k]!) * scales[i]!
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (let i = 0; i < size; i++) vector[i]! *= flips[round * size + i]!
      hadamard(vector)
    }
    for (let i = 0; i < bits; i++) outputs[i] = vector[i]! / size
  }
}

/** The Walsh-Hadamard transform, in place, but for a factor. */
function hadamard (vector: Float64Array): void {
  for (let half = 1; half < vector.length; half *= 2) {
    for (let start = 0; start < vector.length; start += 2 * half) {
      for (let i = start; i < start + half; i++) {
        const a = vector[i]!
        const b = vector[i + half]!
        vector[i] = a + b
        vector[i + half] = a - b
      }
    }
  }
}

/**
 * +1 and −1, by xorshift32 from a fixed seed: integers, the same everywhere. Of sixteen seeds tried it is the one whose 64 bits
 * keep changed copies of a photograph (7 bits apart at most) clearest of others (19 at least); retrieval is the same with all.
 */
function signs (count: number): Int8Array {
  let state = 0x68bc21eb
  return Int8Array.from({ length: count }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state < 0 ? -1 : 1
  })
}
