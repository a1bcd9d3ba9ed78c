import { createHash } from 'node:crypto'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { canonical } from '../../decoder/canonical.js'
import { DECODING_LIMITS } from '../../decoder/decoder.js'
import { pixelsOf } from '../../decoder/pixels.js'
import { classicalModel, manifestV0 } from '../../encoder/classical.js'
import { COSINES, FEATURES, SIDE, cosine, featureReader } from '../../encoder/classical-features.js'
import { DEVIATIONS, MEANS } from '../../encoder/classical-statistics.js'
import { codeOf } from '../../errors.js'
import { bitAt, codeOfSigns, type Code } from '../../hamming/code.js'
import { hammingDistance } from '../../hamming/distance.js'
import { parseManifest } from '../../registry/manifest.js'
import { cifar, evaluationData, missing, unpack } from '../fixtures/evaluation-data.js'

const PICTURE_BYTES = SIDE * SIDE * 3
const input = { width: SIDE, height: SIDE, fit: 'squash' } as const

async function codesOf (pixels: Uint8Array, bits: number): Promise<readonly Code[]> {
  const count = pixels.length / PICTURE_BYTES
  const { codes } = await classicalModel(manifestV0(bits)).encode(pixels, count, {}, async () => {})
  return Array.from({ length: count }, (_, i) => codes.subarray(i * bits / 8, (i + 1) * bits / 8))
}

/** Three pictures that need no file: a slope, a disc, and noise from a generator of integers. */
function drawn (): Uint8Array {
  const pixels = new Uint8Array(3 * PICTURE_BYTES)
  let state = 1
  for (let i = 0; i < SIDE * SIDE; i++) {
    const x = i % SIDE
    const y = Math.floor(i / SIDE)
    const disc = (x - 12) ** 2 + (y - 18) ** 2 < 81
    for (let c = 0; c < 3; c++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      pixels[i * 3 + c] = (x * 5 + y * c) & 255
      pixels[PICTURE_BYTES + i * 3 + c] = disc ? [220, 60, 30][c]! : [120, 170, 230][c]!
      pixels[2 * PICTURE_BYTES + i * 3 + c] = state >>> 24
    }
  }
  return pixels
}

/** Codes of the drawn pictures; of their outputs, as little-endian float32, the SHA-256. A change here is another version, not version 0. */
const GOLDEN: Readonly<Record<number, readonly string[]>> = {
  16: ['1b83', '1b3c', 'e04b'],
  24: ['ee530f', '0ecb5d', '9935ef'],
  64: ['408a6d6e84b5bc80', 'ecfb4f7764658e82', '0af53ed31f0be8ec'],
  128: ['b37d510bf372520c5b512dc43c287ff5', '73499a2b253ce95c1021f54338306a55', '0aa4ce49dd0e596223bbc1a89e8ce9e6']
}
const GOLDEN_OUTPUTS: Readonly<Record<number, string>> = {
  64: '652bdd505bb3b012fc2ec8ea2519703235cdf7705de47a93a16277ae24e68bd1',
  256: '469b55468a8dca3732baa7071c29728552f0d522e5fab67c124b61b8c4110f85',
  1024: 'f567f8831469ec38367d7a31efb4a64027bd93faceef280f8082ffb1d6978ae8'
}

test('classical: golden codes, the same on every machine', async t => {
  for (const [bits, codes] of Object.entries(GOLDEN)) {
    t.deepEqual((await codesOf(drawn(), Number(bits))).map(code => Buffer.from(code).toString('hex')), codes, `${bits} bits`)
  }
  for (const [bits, sha256] of Object.entries(GOLDEN_OUTPUTS)) {
    const { outputs } = await classicalModel(manifestV0(Number(bits))).encode(drawn(), 3, { outputs: true }, async () => {})
    t.is(createHash('sha256').update(new Uint8Array(outputs!.buffer)).digest('hex'), sha256, `${bits} bits`)
  }
})

test('classical: no cosine of the table lies where another engine could round it differently', t => {
  for (let u = 0; u < 8; u++) {
    for (let x = 0; x < 8; x++) {
      const exact = cosine(u, x)
      t.is(COSINES[u * 8 + x], Math.round(exact))
      t.true(Math.abs(Math.abs(exact - Math.trunc(exact)) - 0.5) > 1e-3, `${u}, ${x}: ${exact}`)
    }
  }
})

test('classical: frequencies are the sums that define them', t => {
  const picture = drawn().subarray(PICTURE_BYTES, 2 * PICTURE_BYTES)
  const into = new Float64Array(FEATURES.length)
  featureReader()(picture, 0, into)
  for (const [u, v] of [[0, 0], [1, 0], [0, 1], [2, 3], [7, 0], [3, 4]] as const) {
    let sum = 0
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        const [r = 0, g = 0, b = 0] = picture.subarray((y * SIDE + x) * 3)
        const cos = (f: number, at: number) => Math.round(4096 * Math.cos(Math.PI * (2 * Math.floor(at / 2) + 1) * f / 32))
        sum += (77 * r + 150 * g + 29 * b) * cos(u, x) * cos(v, y)
      }
    }
    t.is(into[FEATURES.findIndex(({ name }) => name === `luma ${u},${v}`)], sum, `${u}, ${v}`)
  }
  const shares = into.slice(-20).reduce((total, share) => total + share ** 2, 0)
  t.true(Math.abs(shares - SIDE * SIDE) < 1e-6, 'each pixel counts once among the colours')
  t.deepEqual([MEANS.length, DEVIATIONS.length], [FEATURES.length, FEATURES.length])
})

test('classical: every width has a manifest that stands, its bits are the signs of its outputs, and a batch is its pictures', async t => {
  for (const bits of [16, 24, 40, 64, 104, 128, 512, 1024]) {
    const manifest = manifestV0(bits)
    t.deepEqual(parseManifest(JSON.stringify(manifest)), manifest)
    const model = classicalModel(manifest)
    const { codes, outputs } = await model.encode(drawn(), 3, { outputs: true }, async () => {})
    for (let i = 0; i < 3; i++) {
      const alone = await model.encode(drawn().subarray(i * PICTURE_BYTES, (i + 1) * PICTURE_BYTES), 1, {}, async () => {})
      t.deepEqual(alone, { codes: codes.slice(i * bits / 8, (i + 1) * bits / 8) })
      t.deepEqual(alone.codes, codeOfSigns(outputs!.subarray(i * bits, (i + 1) * bits)))
    }
  }
  t.is(codeOf(t.throws(() => classicalModel({ ...manifestV0(64), input: { width: 64, height: 64, fit: 'squash' } }))), 'HAMMINGBIRD_MODEL_INVALID')
  t.is(codeOf(t.throws(() => classicalModel({ ...manifestV0(64), detail: 8 }))), 'HAMMINGBIRD_MODEL_INVALID')
  await t.throwsAsync(classicalModel(manifestV0(64)).encode(drawn(), 2, {}, async () => {}), { instanceOf: RangeError })
})

test('classical: a large batch gives way between its steps', async t => {
  let steps = 0
  await classicalModel(manifestV0(64)).encode(new Uint8Array(300 * PICTURE_BYTES), 300, {}, async () => { steps++ })
  t.is(steps, 2)
})

test('classical: changed copies of a photograph are nearer to each other than any is to other photographs', async t => {
  if (missing(t, 'images/neardup', 'coco128')) return
  await withPhotographs('coco128/images.tar.gz', async coco => {
    const neardup = join(evaluationData, 'images/neardup')
    const copies = await pixelsOfFiles(await filesIn(join(neardup, 'bridge-mods')))
    const others = await pixelsOfFiles([...await filesIn(join(neardup, 'labelme-subset')), ...coco])
    t.deepEqual([copies.length / PICTURE_BYTES, others.length / PICTURE_BYTES], [12, 135])
    for (const bits of [32, 64, 128, 256]) {
      const [near, far] = [await codesOf(copies, bits), await codesOf(others, bits)]
      const farthestCopy = Math.max(...near.flatMap(a => near.map(b => hammingDistance(a, b))))
      const nearestOther = Math.min(...near.flatMap(a => far.map(b => hammingDistance(a, b))))
      t.log(`${bits} bits: copies within ${farthestCopy}, others from ${nearestOther} on`)
      t.true(bits < 64 ? farthestCopy < nearestOther : farthestCopy * 2 < nearestOther)
    }
  })
})

test('classical: on photographs its bits are balanced, and its nearest share more words than those of raw pixels', async t => {
  if (missing(t, 'corel5k')) return
  await withPhotographs('corel5k/images.tar.gz', async files => {
    const words = await corelWords()
    const chosen = files.filter((_, i) => i % 2 === 1).filter((_, i) => i % 3 === 0) // of the half that no constant was measured on
    const labels = chosen.map(file => words.get(/(\d+)\.jpeg$/.exec(file)![1]!) ?? [])
    const pixels = await pixelsOfFiles(chosen)
    const coarse = Array.from({ length: chosen.length }, (_, i) => averaged(pixels.subarray(i * PICTURE_BYTES, (i + 1) * PICTURE_BYTES)))
    const raw = meanLabelCosine(labels, (a, b) => squaredDistance(coarse[a]!, coarse[b]!))
    const scores: number[] = []
    for (const bits of [64, 128, 256]) {
      const codes = await codesOf(pixels, bits)
      scores.push(meanLabelCosine(labels, (a, b) => hammingDistance(codes[a]!, codes[b]!)))
      t.true(entropy(codes, bits) > 0.95, `${bits} bits: entropy ${entropy(codes, bits)}`)
    }
    t.log(`mean label cosine of the five nearest of ${chosen.length}: raw 8 × 8 pixels ${raw.toFixed(3)}, codes of 64, 128, 256 bits ${scores.map(score => score.toFixed(3)).join(', ')}`)
    t.true(scores.every(score => score > raw))
  })
})

test('classical: on small pictures too its bits are balanced', async t => {
  if (missing(t, 'cifar10')) return
  const { pixels } = await cifar('test_lossless')
  t.true(entropy(await codesOf(pixels, 64), 64) > 0.95)
})

async function filesIn (directory: string): Promise<readonly string[]> {
  return (await readdir(directory, { recursive: true })).filter(name => /\.jpe?g$/.test(name)).sort().map(name => join(directory, name))
}

async function withPhotographs (archive: string, use: (files: readonly string[]) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'hammingbird-'))
  try {
    await unpack(archive, directory)
    await use(await filesIn(directory))
  } finally {
    await rm(directory, { recursive: true })
  }
}

async function pixelsOfFiles (files: readonly string[]): Promise<Uint8Array> {
  const pixels = new Uint8Array(files.length * PICTURE_BYTES)
  for (const [i, file] of files.entries()) {
    const { bytes } = await canonical(await readFile(file), DECODING_LIMITS)
    pixels.set(await pixelsOf(bytes, input), i * PICTURE_BYTES)
  }
  return pixels
}

async function corelWords (): Promise<ReadonlyMap<string, readonly string[]>> {
  const lines = (await readFile(join(evaluationData, 'corel5k/labels.tsv'), 'utf8')).trim().split('\n').slice(1)
  return new Map(lines.map(line => {
    const [id = '', , words = ''] = line.split('\t')
    return [id, words.split(',').filter(word => word !== '')]
  }))
}

/** 8 × 8 pixels, each the sum of 4 × 4. */
function averaged (picture: Uint8Array): Float64Array {
  const sums = new Float64Array(8 * 8 * 3)
  picture.forEach((value, i) => {
    const pixel = Math.floor(i / 3)
    sums[((pixel >> 7) * 8 + ((pixel % SIDE) >> 2)) * 3 + i % 3]! += value
  })
  return sums
}

function squaredDistance (a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2
  return sum
}

function meanLabelCosine (labels: readonly (readonly string[])[], distance: (a: number, b: number) => number): number {
  const all = labels.map((_, i) => i)
  const of = (a: readonly string[], b: readonly string[]) => a.length === 0 || b.length === 0 ? 0 : a.filter(word => b.includes(word)).length / Math.sqrt(a.length * b.length)
  return all.reduce((sum, query) => {
    const nearest = all.filter(other => other !== query).map(other => ({ other, far: distance(query, other) })).sort((a, b) => a.far - b.far || a.other - b.other).slice(0, 5)
    return sum + nearest.reduce((cosines, { other }) => cosines + of(labels[query]!, labels[other]!), 0) / 5
  }, 0) / all.length
}

function entropy (codes: readonly Code[], bits: number): number {
  let sum = 0
  for (let at = 0; at < bits; at++) {
    const p = codes.reduce((ones, code) => ones + bitAt(code, at), 0) / codes.length
    if (p > 0 && p < 1) sum -= p * Math.log2(p) + (1 - p) * Math.log2(1 - p)
  }
  return sum / bits
}
