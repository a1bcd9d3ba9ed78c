// Measures the constants of version 0 on photographs and writes encoder/classical-statistics.ts. They are part of version 0:
// other constants are another version. To see where they come from:
//
//   npm run -s build && node dist/dev/measure-statistics.js [--check]
//
// CIFAR-10's train_1 (10,000 pictures) and every second photograph of Corel5K (2,250) count one half each.
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DECODING_LIMITS } from '../decoder/decoder.js'
import { canonical } from '../decoder/canonical.js'
import { pixelsOf } from '../decoder/pixels.js'
import { FEATURES, SIDE, featureReader } from '../encoder/classical-features.js'
import { cifar, unpack } from '../test/fixtures/evaluation-data.js'

const PICTURE_BYTES = SIDE * SIDE * 3

const sets = [(await cifar('train_1')).pixels, await corel()].map(momentsOf)
const means = FEATURES.map((_, k) => average(sets.map(({ mean }) => mean[k]!)))
const deviations = FEATURES.map((_, k) => Math.sqrt(average(sets.map(({ mean, variance }) => variance[k]! + (mean[k]! - means[k]!) ** 2))))
const text = `/**
 * Mean and standard deviation of each feature on photographs: half CIFAR-10, half Corel5K. Written by
 * \`dev/measure-statistics.ts\`. They are part of version 0: with other numbers it would be another.
 */
export const MEANS: readonly number[] = [
${list(means)}
]

export const DEVIATIONS: readonly number[] = [
${list(deviations)}
]
`
const path = 'encoder/classical-statistics.ts'
if (process.argv.includes('--check')) {
  const same = await readFile(path, 'utf8') === text
  console.log(same ? 'the same' : 'they differ')
  process.exitCode = same ? 0 : 1
} else {
  await writeFile(path, text)
}

async function corel (): Promise<Uint8Array> {
  const directory = await mkdtemp(join(tmpdir(), 'hammingbird-'))
  try {
    await unpack('corel5k/images.tar.gz', directory)
    const names = (await readdir(directory, { recursive: true })).filter(name => name.endsWith('.jpeg')).sort().filter((_, i) => i % 2 === 0)
    const pixels = new Uint8Array(names.length * PICTURE_BYTES)
    for (const [i, name] of names.entries()) {
      const { bytes } = await canonical(await readFile(join(directory, name)), DECODING_LIMITS)
      pixels.set(await pixelsOf(bytes, { width: SIDE, height: SIDE, fit: 'squash' }), i * PICTURE_BYTES)
    }
    return pixels
  } finally {
    await rm(directory, { recursive: true })
  }
}

function momentsOf (pixels: Uint8Array): { readonly mean: readonly number[], readonly variance: readonly number[] } {
  const count = pixels.length / PICTURE_BYTES
  const read = featureReader()
  const features = new Float64Array(FEATURES.length)
  const sum = FEATURES.map(() => 0)
  const squares = FEATURES.map(() => 0)
  for (let i = 0; i < count; i++) {
    read(pixels, i * PICTURE_BYTES, features)
    features.forEach((value, k) => {
      sum[k]! += value
      squares[k]! += value * value
    })
  }
  const mean = sum.map(total => total / count)
  return { mean, variance: squares.map((total, k) => total / count - mean[k]! ** 2) }
}

function average (values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function list (values: readonly number[]): string {
  const words = values.map(value => String(Number(value.toPrecision(6))))
  return Array.from({ length: Math.ceil(words.length / 10) }, (_, row) => `  ${words.slice(row * 10, row * 10 + 10).join(', ')}`).join(',\n')
}
