import test from 'ava'
import { HammingbirdError } from '../../errors.js'
import { classicalModel, manifestV0 } from '../../encoder/classical.js'
import { isRefused } from '../../encoder/encoder.js'
import { inSteps } from '../../encoder/in-steps.js'
import { EncoderPool } from '../../encoder/pool.js'

const COUNT = 300
const manifest = manifestV0(64)
const bytes = manifest.input.width * manifest.input.height * 3
const pixels = Uint8Array.from({ length: COUNT * bytes }, (_, i) => (i * 2654435761 >>> 24) ^ (i >> 9))

test('encoder pool: gives what the model gives, to each picture its own', async t => {
  await using pool = await EncoderPool.open()
  await pool.load('here/v0', manifest, undefined)
  await pool.load('wide/v0', manifestV0(256), undefined)
  const encodings = await pool.encode({ model: 'here/v0', lane: 'live', pixels, count: COUNT, outputs: true })
  const { codes, outputs } = await classicalModel(manifest).encode(pixels, COUNT, { outputs: true }, async () => undefined)
  t.is(encodings.length, COUNT)
  for (const [i, encoding] of encodings.entries()) {
    if (isRefused(encoding)) return t.fail(encoding.message)
    t.true(Buffer.from(encoding.code).equals(codes.subarray(i * 8, i * 8 + 8)))
    t.deepEqual(encoding.outputs, outputs!.slice(i * 64, i * 64 + 64))
  }
  const [wide] = await pool.encode({ model: 'wide/v0', lane: 'query', pixels: pixels.subarray(0, bytes), count: 1 })
  t.is(isRefused(wide!) ? 0 : wide!.code.length, 32)
  t.deepEqual([...pool.backends().keys()], ['here/v0', 'wide/v0'])
})

test('encoder pool: a worker that is killed is replaced, holds the same models, and loses no work', async t => {
  await using pool = await EncoderPool.open()
  await pool.load('here/v0', manifest, undefined)
  const expected = await pool.encode({ model: 'here/v0', lane: 'live', pixels, count: COUNT })
  const encodings = Array.from({ length: 20 }, () => pool.encode({ model: 'here/v0', lane: 'backfill', pixels, count: COUNT }))
  await encodings[0]
  process.kill(pool.status().pids[0]!, 'SIGKILL')
  for (const encoding of encodings) t.deepEqual(await encoding, expected)
  t.is(pool.status().lost, 1)
})

test('encoder pool: what is not loaded, cannot be loaded, or is no picture is said', async t => {
  await using pool = await EncoderPool.open()
  const notLoaded = await t.throwsAsync(pool.encode({ model: 'x', lane: 'live', pixels, count: COUNT }), { instanceOf: HammingbirdError })
  t.is(notLoaded.code, 'HAMMINGBIRD_VERSION_NOT_READY')
  const invalid = await t.throwsAsync(pool.load('x', { ...manifest, network: 'resnet20' }, undefined), { instanceOf: HammingbirdError })
  t.is(invalid.code, 'HAMMINGBIRD_MODEL_INVALID')
  await pool.load('x', manifest, undefined)
  await t.throwsAsync(pool.encode({ model: 'x', lane: 'live', pixels, count: COUNT + 1 }), { instanceOf: RangeError })
  await pool.unload('x')
  await t.throwsAsync(pool.encode({ model: 'x', lane: 'live', pixels, count: COUNT }), { instanceOf: HammingbirdError })
})

test('in steps: yields at each step, returns what the work returns, throws what it throws', async t => {
  const steps = inSteps(async step => {
    await step()
    await step()
    return 'done'
  })
  t.deepEqual(await steps.next(), { done: false, value: 0 })
  t.deepEqual(await steps.next(), { done: false, value: 0 })
  t.deepEqual(await steps.next(), { done: true, value: 'done' })
  const broken = new Error('broken')
  const breaking = inSteps(async step => {
    await step()
    throw broken
  })
  await breaking.next()
  await t.throwsAsync(breaking.next(), { is: broken })
})
