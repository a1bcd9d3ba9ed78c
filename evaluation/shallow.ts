import type { PixelSet } from '../trainer/datasets/dataset.js'
import { featuresAt, type Features, type Hash } from '../trainer/baselines/features.js'
import { itq } from '../trainer/baselines/itq.js'
import { ksh } from '../trainer/baselines/ksh.js'
import { lsh } from '../trainer/baselines/lsh.js'
import { sdh } from '../trainer/baselines/sdh.js'
import { spectral } from '../trainer/baselines/spectral.js'
import { labelsAt, type Labels } from '../trainer/labels.js'
import { Random } from '../trainer/random.js'

/** Most items that a method whose work grows with their pairs is fitted to; drawn by the seed. */
const LABELLED = 2000
const FITTED = 10_000

/** The shallow baselines by name: each fitted to features, those that want labels given them. */
export const shallow: ReadonlyMap<string, (features: Features, labels: Labels, bits: number, seed: number) => Hash> = new Map([
  ['lsh', (features, _, bits, seed) => lsh(features, bits, seed)],
  ['itq', (features, labels, bits, seed) => itq(some(features, labels, FITTED, seed).features, bits, seed)],
  ['spectral', (features, labels, bits, seed) => spectral(some(features, labels, FITTED, seed).features, bits)],
  ['ksh', (features, labels, bits, seed) => {
    const own = some(features, labels, LABELLED, seed)
    return ksh(own.features, own.labels, bits, seed)
  }],
  ['sdh', (features, labels, bits, seed) => {
    const own = some(features, labels, FITTED, seed)
    return sdh(own.features, own.labels, bits, seed, { anchors: Math.min(500, own.features.count) })
  }]
])

function some (features: Features, labels: Labels, most: number, seed: number): { features: Features, labels: Labels } {
  if (features.count <= most) return { features, labels }
  const chosen = new Random(seed).permutation(features.count).subarray(0, most)
  return { features: featuresAt(features, chosen), labels: labelsAt(labels, chosen) }
}

/**
 * What a shallow method sees where no network is given: the picture at 8×8 pixels, every number its block's mean, in
 * [0, 1]. Poor features, and honest ones: nothing in them was learned.
 */
export function pixelFeatures ({ count, width, height, pixels }: PixelSet, side = 8): Features {
  const dims = side * side * 3
  const sums = new Float64Array(count * dims)
  const counts = new Float64Array(count * dims)
  for (let i = 0; i < count; i++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const block = i * dims + 3 * (Math.floor(y * side / height) * side + Math.floor(x * side / width))
        for (let c = 0; c < 3; c++) {
          sums[block + c]! += pixels[3 * ((i * height + y) * width + x) + c]! / 255
          counts[block + c]! += 1
        }
      }
    }
  }
  return { count, dims, values: sums.map((sum, at) => sum / Math.max(1, counts[at]!)) }
}
