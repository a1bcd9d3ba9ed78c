import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { classicalModel, manifestV0 } from '../../encoder/classical.js'
import { isRefused, type Encoding } from '../../encoder/encoder.js'
import { Variables } from '../../encoder/layers/variables.js'
import { makeModel } from '../../encoder/make-model.js'
import { buildNetwork, features } from '../../encoder/networks/networks.js'
import { normaliser } from '../../encoder/pixels.js'
import { EncoderPool } from '../../encoder/pool.js'
import { loadSession } from '../../encoder/session.js'
import { openBackend, tf } from '../../encoder/tf.js'
import { codeOf } from '../../errors.js'
import type { Manifest } from '../../registry/manifest.js'
import { smallModel } from '../fixtures/small-model.js'

const BYTES = 32 * 32 * 3
/** The first byte of a picture that ends a deadly encoder; no other picture here begins so. */
const DEADLY = 66
const deadly = new URL('../fixtures/deadly-encoder.js', import.meta.url)

function pictures (count: number, seed = 1, bytes = BYTES): Uint8Array {
  let state = seed
  const pixels = Uint8Array.from({ length: count * bytes }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24)
  for (let i = 0; i < count; i++) pixels[i * bytes] = i % DEADLY
  return pixels
}

/** What each picture's code should be, from the model itself. */
async function expected (pixels: Uint8Array, bits: number): Promise<readonly Encoding[]> {
  const count = pixels.length / BYTES
  const { codes, outputs } = await classicalModel(manifestV0(bits)).encode(pixels, count, { outputs: true }, async () => {})
  return Array.from({ length: count }, (_, i) => ({ code: codes.slice(i * bits / 8, (i + 1) * bits / 8), outputs: outputs!.slice(i * bits, (i + 1) * bits) }))
}

test.serial('encoder pool: gives what the model gives, of several models, however a batch is cut', async t => {
  for (const jobBytes of [10, 5 * BYTES, 4 * 2 ** 20]) {
    await using encoder = await EncoderPool.open({ workers: 2, jobBytes, niceness: 0 })
    await Promise.all([encoder.load('a/v0', manifestV0(64), undefined), encoder.load('b/v0', manifestV0(128), undefined), encoder.load('a/v0', manifestV0(64), undefined)])
    const pixels = pictures(13)
    t.deepEqual(await encoder.encode({ model: 'a/v0', lane: 'live', pixels, count: 13, outputs: true }), await expected(pixels, 64))
    const plain = await encoder.encode({ model: 'b/v0', lane: 'query', pixels, count: 13 })
    t.deepEqual(plain, (await expected(pixels, 128)).map(({ code }) => ({ code })))
    t.deepEqual(await encoder.encode({ model: 'a/v0', lane: 'live', pixels: new Uint8Array(0), count: 0 }), [])
    t.deepEqual([...encoder.backends()], [['a/v0', 'classical features, in JavaScript'], ['b/v0', 'classical features, in JavaScript']])
    t.is(encoder.status().running, 2)
  }
})

test.serial('encoder pool: a model that is not loaded, or no longer, is not ready; wrong pixels are a mistake', async t => {
  await using encoder = await EncoderPool.open({ niceness: 0 })
  const encode = (count = 2) => encoder.encode({ model: 'v0', lane: 'live', pixels: pictures(2), count })
  t.is(codeOf(await t.throwsAsync(encode())), 'HAMMINGBIRD_VERSION_NOT_READY')
  await encoder.load('v0', manifestV0(64), undefined)
  t.is((await encode()).length, 2)
  await t.throwsAsync(encode(3), { instanceOf: RangeError })
  await encoder.unload('v0')
  await encoder.unload('v0')
  t.is(codeOf(await t.throwsAsync(encode())), 'HAMMINGBIRD_VERSION_NOT_READY')
  await encoder.load('v0', manifestV0(64), undefined)
  t.is((await encode()).length, 2)
})

test.serial('encoder pool: a model that cannot be loaded is refused, and harms no other', async t => {
  await using encoder = await EncoderPool.open({ niceness: 0 })
  await encoder.load('good', manifestV0(64), undefined)
  const bad: Manifest = { ...manifestV0(64), network: 'resnet20' }
  t.is(codeOf(await t.throwsAsync(encoder.load('bad', bad, undefined))), 'HAMMINGBIRD_MODEL_INVALID')
  t.is(codeOf(await t.throwsAsync(encoder.load('bad', bad, '/nowhere'))), 'HAMMINGBIRD_MODEL_INVALID')
  t.is(codeOf(await t.throwsAsync(EncoderPool.probe(bad, '/nowhere'))), 'HAMMINGBIRD_MODEL_INVALID')
  t.is(await EncoderPool.probe(manifestV0(64), undefined), 'classical features, in JavaScript')
  t.deepEqual([...encoder.backends().keys()], ['good'])
  t.is((await encoder.encode({ model: 'good', lane: 'live', pixels: pictures(1), count: 1 })).length, 1)
})

test.serial('encoder pool: a model that ends workers as it is loaded is given up; those that are loaded go on', async t => {
  await using encoder = await EncoderPool.open({ workers: 2, script: deadly, niceness: 0 })
  await encoder.load('good', manifestV0(64), undefined)
  const killer: Manifest = { ...manifestV0(64), network: 'deadly' }
  const loading = t.throwsAsync(encoder.load('killer', killer, undefined))
  const pixels = pictures(40)
  const answers = await Promise.all(Array.from({ length: 20 }, () => encoder.encode({ model: 'good', lane: 'live', pixels, count: 40, outputs: true })))
  const right = await expected(pixels, 64)
  for (const answer of answers) t.deepEqual(answer, right)
  t.is(codeOf(await loading), 'HAMMINGBIRD_MODEL_INVALID')
  t.is(codeOf(await t.throwsAsync(EncoderPool.probe(killer, undefined, { script: deadly }))), 'HAMMINGBIRD_MODEL_INVALID')
  t.deepEqual([...encoder.backends().keys()], ['good'])
})

test.serial('encoder pool: a picture that ends workers is refused, in its place; the others have their codes', async t => {
  await using encoder = await EncoderPool.open({ script: deadly, niceness: 0 })
  await encoder.load('v0', manifestV0(64), undefined)
  const pixels = pictures(9)
  const right = await expected(pixels, 64)
  pixels[4 * BYTES] = DEADLY
  const found = await encoder.encode({ model: 'v0', lane: 'live', pixels, count: 9, outputs: true })
  found.forEach((outcome, i) => {
    if (i === 4) t.is(isRefused(outcome) && outcome.refused, 'HAMMINGBIRD_IMAGE_KILLS')
    else t.deepEqual(outcome, right[i])
  })
  const alone = await encoder.encode({ model: 'v0', lane: 'live', pixels: pixels.subarray(4 * BYTES, 5 * BYTES), count: 1 })
  t.is(isRefused(alone[0]!) && alone[0].refused, 'HAMMINGBIRD_IMAGE_KILLS')
})

test.serial('encoder pool: workers killed under load lose and change nothing, and have all models again', async t => {
  await using encoder = await EncoderPool.open({ workers: 2, jobBytes: 20 * BYTES, niceness: 0 })
  await encoder.load('a', manifestV0(64), undefined)
  await encoder.load('b', manifestV0(16), undefined)
  const pixels = pictures(100)
  const right = { a: await expected(pixels, 64), b: await expected(pixels, 16) }
  let kills = 0
  await Promise.all(Array.from({ length: 60 }, async (_, i) => {
    const model = i % 2 === 0 ? 'a' : 'b'
    t.deepEqual(await encoder.encode({ model, lane: i % 3 === 0 ? 'backfill' : 'live', pixels, count: 100, outputs: true }), right[model])
    const [pid] = encoder.status().pids
    if (i % 7 === 0 && kills++ < 6 && pid !== undefined) process.kill(pid, 'SIGKILL')
  }))
  t.true(encoder.status().lost > 0)
})

test.serial('encoder pool: a worker that has grown old, or large, is replaced; nothing is lost or changed by it', async t => {
  for (const limit of [{ recycleJobs: 4 }, { recycleGrowthBytes: 1 }]) {
    await using encoder = await EncoderPool.open({ ...limit, jobBytes: 10 * BYTES, niceness: 0 })
    await encoder.load('v0', manifestV0(64), undefined)
    const pixels = pictures(100)
    const right = await expected(pixels, 64)
    const [before] = encoder.status().pids
    while (encoder.status().recycled === 0) t.deepEqual(await encoder.encode({ model: 'v0', lane: 'live', pixels, count: 100, outputs: true }), right)
    const { lost, pids } = encoder.status()
    t.is(lost, 0)
    t.false(pids.includes(before!) && pids.length === 1)
  }
})

test.serial('encoder pool: a query overtakes a backfill that has begun, and the backfill says that it goes on', async t => {
  await using encoder = await EncoderPool.open({ jobBytes: 2 ** 26, niceness: 0 })
  await encoder.load('v0', manifestV0(1024), undefined)
  const pixels = pictures(4_000)
  let begun = () => {}
  const begins = new Promise<void>(resolve => { begun = resolve })
  const ended: string[] = []
  const backfills = [1, 2].map(n => encoder.encode({ model: 'v0', lane: 'backfill', pixels, count: 4_000, beat: begun }).then(() => ended.push(`backfill ${n}`)))
  await begins
  await encoder.encode({ model: 'v0', lane: 'query', pixels: pixels.subarray(0, BYTES), count: 1 })
  ended.push('query')
  await Promise.all(backfills)
  t.deepEqual(ended, ['query', 'backfill 1', 'backfill 2'])
})

test.serial('encoder pool: where a GPU is required and there is none, a model that wants TensorFlow is refused; version 0 is not', async t => {
  if (await openBackend({ only: 'gpu' }).then(() => true, () => false)) return t.pass('there is one')
  const directory = await mkdtemp(join(tmpdir(), 'hammingbird-encoder-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const manifest = await smallModel(directory)
  await using encoder = await EncoderPool.open({ env: { HAMMINGBIRD_GPU: 'required' }, niceness: 0 })
  await encoder.load('v0', manifestV0(64), undefined)
  t.is(codeOf(await t.throwsAsync(encoder.load('v1', manifest, directory))), 'HAMMINGBIRD_BACKEND')
  t.is((await encoder.encode({ model: 'v0', lane: 'live', pixels: pictures(1), count: 1 })).length, 1)
})

test.serial('encoder pool: a TensorFlow model gives through a worker what it gives at home', async t => {
  const directory = await mkdtemp(join(tmpdir(), 'hammingbird-encoder-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const only = 'javascript' as const
  await openBackend({ only })
  const draft: Omit<Manifest, 'manifest' | 'files'> = {
    ...manifestV0(24), version: 'v1', network: 'resnet20', settings: { width: 4 }, input: { width: 16, height: 16, fit: 'squash' },
    normalisation: { channels: 'rgb', scale: 1 / 255, mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4] }, detail: 4
  }
  const variables = new Variables({ seed: 3 })
  variables.training = false
  const { backbone, head } = buildNetwork(draft)
  tf.tidy(() => {
    const y = features(backbone, normaliser(draft)(pictures(1, 1, 768)), variables)
    head.outputs(y, variables)
    head.detail!(y, variables)
  })
  const manifest = await makeModel(directory, draft, await variables.read(), pictures(2, 2, 768), { backend: { only } })
  variables.dispose()

  await using encoder = await EncoderPool.open({ jobBytes: 3 * 768, env: { HAMMINGBIRD_BACKEND: only }, niceness: 0 })
  await Promise.all([encoder.load('v1', manifest, directory), encoder.load('v0', manifestV0(64), undefined)])
  const pixels = pictures(8, 5, 768)
  using session = await loadSession(manifest, directory, { backend: { only } })
  const home = await session.encode(pixels, 8, { outputs: true }, () => undefined)
  const found = await encoder.encode({ model: 'v1', lane: 'live', pixels, count: 8, outputs: true })
  found.forEach((outcome, i) => {
    if (isRefused(outcome)) return t.fail(outcome.message)
    t.deepEqual(outcome.code, home.codes.slice(i * 3, i * 3 + 3))
    t.deepEqual(outcome.detail, home.detail!.slice(i * 4, i * 4 + 4))
    t.is(outcome.outputs?.length, 24)
  })
})
