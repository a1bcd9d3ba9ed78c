import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { codeOf } from '../../errors.js'
import { codeOfSigns } from '../../hamming/code.js'
import { foldNorms } from '../../encoder/layers/fold.js'
import { Constants } from '../../encoder/layers/constants.js'
import { Variables } from '../../encoder/layers/variables.js'
import { makeModel } from '../../encoder/make-model.js'
import { buildNetwork, features } from '../../encoder/networks/networks.js'
import { normaliser } from '../../encoder/pixels.js'
import { readSafetensors, writeSafetensors, type NamedTensor } from '../../encoder/safetensors.js'
import { loadSession } from '../../encoder/session.js'
import { BACKENDS, openBackend, tf } from '../../encoder/tf.js'
import type { FileName, Manifest } from '../../registry/manifest.js'
import { close } from './numeric.js'

const SIDE = 16
const draft: Omit<Manifest, 'manifest' | 'files'> = {
  version: 'v7', bits: 24, network: 'resnet20', settings: { width: 4, hidden: [20] }, input: { width: SIDE, height: SIDE, fit: 'squash' },
  normalisation: { channels: 'bgr', scale: 1 / 255, mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4] }, detail: 6, createdMs: 0, provenance: {}
}

function pictures (count: number, seed = 1): Uint8Array {
  let state = seed
  return Uint8Array.from({ length: count * SIDE * SIDE * 3 }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24)
}

/** Weights as training would leave them: every batch norm with statistics and factors of its own. */
async function trained (): Promise<Map<string, NamedTensor>> {
  await openBackend()
  const variables = new Variables({ seed: 5 })
  variables.training = false
  const { backbone, head } = buildNetwork(draft)
  tf.tidy(() => {
    const y = features(backbone, normaliser(draft)(pictures(1)), variables)
    head.outputs(y, variables)
    head.detail!(y, variables)
  })
  const weights = await variables.read()
  variables.dispose()
  for (const [name, { data }] of weights) {
    const part = name.split('.').at(-1)!
    const spread = { gamma: [0.7, 1.3], beta: [-0.2, 0.2], mean: [-0.2, 0.2], variance: [0.5, 1.5] }[part]
    if (spread !== undefined) data.forEach((_, i) => { data[i] = spread[0]! + (spread[1]! - spread[0]!) * ((i * 7 + name.length) % 10) / 9 })
    if (name === 'detail.kernel') data.forEach((value, i) => { data[i] = value * 300 })
  }
  return weights
}

async function model (t: ExecutionContext): Promise<{ directory: string, manifest: Manifest, weights: Map<string, NamedTensor> }> {
  const directory = await mkdtemp(join(tmpdir(), 'hammingbird-session-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const weights = await trained()
  return { directory, weights, manifest: await makeModel(directory, draft, weights, pictures(3)) }
}

test.serial('session: what was recorded on one backend is what every other gives', async t => {
  const { directory, manifest } = await model(t)
  const pixels = pictures(5, 9)
  let first: Float32Array | undefined
  for (const only of BACKENDS) {
    const opened = await openBackend({ only }).catch((err: Error) => err)
    if (opened instanceof Error) {
      t.log(`not run: ${opened.message}`)
      continue
    }
    using session = await loadSession(manifest, directory, { backend: { only } })
    t.is(session.backend, opened.sentence)
    const { codes, outputs, detail } = await session.encode(pixels, 5, { outputs: true }, () => undefined)
    for (let i = 0; i < 5; i++) t.deepEqual(codes.slice(i * 3, i * 3 + 3), codeOfSigns(outputs!.subarray(i * 24, i * 24 + 24)))
    t.is(detail!.length, 30)
    t.true(detail!.some(value => value > 20) && detail!.some(value => value < -20), 'details say something')
    first ??= outputs!
    await close(t, tf.tensor1d(outputs!), tf.tensor1d(first), 1e-4)
  }
})

test.serial('session: a picture\'s code does not hang on the batch it comes in', async t => {
  const { directory, manifest } = await model(t)
  using session = await loadSession(manifest, directory)
  const pixels = pictures(9, 4)
  const together = await session.encode(pixels, 9, { outputs: true }, () => undefined)
  t.is((await session.encode(pixels, 9, {}, () => undefined)).outputs, undefined)
  for (let i = 0; i < 9; i++) {
    const alone = await session.encode(pixels.subarray(i * SIDE * SIDE * 3, (i + 1) * SIDE * SIDE * 3), 1, { outputs: true }, () => undefined)
    await close(t, tf.tensor1d(alone.outputs!), tf.tensor1d(together.outputs!.subarray(i * 24, (i + 1) * 24)), 1e-4)
  }
})

test.serial('session: another batch may be encoded in a step, and both come out right', async t => {
  const { directory, manifest } = await model(t)
  // Plain JavaScript takes long enough to have steps.
  using session = await loadSession(manifest, directory, { backend: { only: 'javascript' } })
  const [a, b] = [pictures(100, 2), pictures(2, 3)]
  const [wantA, wantB] = [await session.encode(a, 100, {}, () => undefined), await session.encode(b, 2, {}, () => undefined)]
  let steps = 0
  const gotA = await session.encode(a, 100, {}, async () => {
    steps++
    t.deepEqual(await session.encode(b, 2, {}, () => undefined), wantB)
  })
  t.true(steps > 0, 'there were steps')
  t.deepEqual(gotA, wantA)
})

test.serial('session: tensors stay as many from batch to batch, a failing one included, and none is left behind', async t => {
  const { directory, manifest } = await model(t)
  await openBackend()
  const before = tf.memory().numTensors
  const session = await loadSession(manifest, directory)
  const loaded = tf.memory().numTensors
  for (let i = 0; i < 5; i++) await session.encode(pictures(4, i), 4, { outputs: true }, () => undefined)
  await t.throwsAsync(session.encode(pictures(4), 3, {}, () => undefined), { instanceOf: RangeError })
  t.is(tf.memory().numTensors, loaded)
  session.dispose()
  t.is(tf.memory().numTensors, before)
})

test.serial('session: a norm folded into its convolution changes nothing but the last digits', async t => {
  const weights = await trained()
  const { backbone } = buildNetwork(draft)
  const x = normaliser(draft)(pictures(2))
  const [plain, folded] = [weights, foldNorms(weights, backbone.norm!)].map(tensors => features(backbone, x, new Constants(tensors)))
  await close(t, folded!, plain!, 1e-5)
})

/** Ways a model can be wrong, each under a manifest that vouches for its files. */
const lies: Record<string, (weights: Map<string, NamedTensor>, recorded: Map<string, NamedTensor>) => void> = {
  'a tensor of another shape': weights => weights.set('hash.kernel', { shape: [24, 20], data: new Float32Array(480) }),
  'a tensor of as many numbers in another shape': weights => weights.set('hash.kernel', { ...weights.get('hash.kernel')!, shape: [480] }),
  'a missing tensor': weights => weights.delete('layer2.1.conv1.kernel'),
  'a norm without its mean': weights => weights.delete('layer2.1.conv1.mean'),
  'a tensor that no layer knows': weights => weights.set('backdoor.kernel', { shape: [1], data: Float32Array.of(1) }),
  'NaN': weights => weights.get('layer3.2.conv2.kernel')!.data.set([NaN], 5),
  'an infinite number': weights => weights.get('hash.bias')!.data.set([-Infinity], 5),
  'a variance below zero': weights => weights.get('conv1.variance')!.data.set([-1], 0),
  'integers for weights': weights => weights.set('hash.bias', { shape: [24], data: new Int32Array(24) }),
  'numbers so large that outputs overflow': weights => weights.get('conv1.kernel')!.data.fill(1e38),
  'weights that give something else than was recorded': weights => weights.get('hash.kernel')!.data.fill(0.01, 0, 240),
  'recorded outputs of another width': (_, recorded) => recorded.set('outputs', { shape: [3, 16], data: new Float32Array(48) }),
  'recorded outputs that are NaN': (_, recorded) => recorded.get('outputs')!.data.fill(NaN),
  'recorded pictures of another size': (_, recorded) => recorded.set('pixels', { shape: [3, 8, 8, 3], data: new Uint8Array(576) }),
  'no recorded pictures': (_, recorded) => recorded.delete('pixels')
}
for (const [name, lie] of Object.entries(lies)) {
  test.serial(`session: ${name}: refused, and nothing is left behind`, async t => {
    const { directory, manifest } = await model(t)
    const tensors = tf.memory().numTensors
    const parts = await Promise.all((['weights.safetensors', 'recorded.safetensors'] as const).map(async file => readSafetensors(new Uint8Array(await readFile(join(directory, file))))))
    lie(parts[0]!, parts[1]!)
    const files = [await vouched(directory, 'weights.safetensors', parts[0]!), await vouched(directory, 'recorded.safetensors', parts[1]!)]
    t.is(codeOf(await t.throwsAsync(loadSession({ ...manifest, files }, directory))), 'HAMMINGBIRD_MODEL_INVALID')
    t.is(tf.memory().numTensors, tensors)
  })
}

test.serial('session: files that are not those of the manifest, truncated or gone are refused', async t => {
  const { directory, manifest } = await model(t)
  const path = join(directory, 'weights.safetensors')
  const good = await readFile(path)
  const refused = async (what: RegExp, changed = manifest): Promise<void> => {
    const err = await t.throwsAsync(loadSession(changed, directory))
    t.is(codeOf(err), 'HAMMINGBIRD_MODEL_INVALID')
    t.regex(err!.message, what)
  }
  await writeFile(path, Uint8Array.from(good, (byte, i) => i === good.length - 1 ? byte ^ 1 : byte))
  await refused(/SHA-256/)
  await truncate(path, good.length - 4)
  await refused(/bytes/)
  await rm(path)
  await refused(/cannot be read/)
  await writeFile(path, good)
  await refused(/lists no/, { ...manifest, files: manifest.files.slice(1) })
  await refused(/no network/, { ...manifest, network: 'classical' })
  await refused(/no setting/, { ...manifest, settings: { ...manifest.settings, depth: 20 } })
  await refused(/recorded/, { ...manifest, normalisation: { ...manifest.normalisation, channels: 'rgb' } })
  await refused(/recorded/, { ...manifest, bits: 32 })
  t.truthy(await loadSession(manifest, directory))
})

async function vouched (directory: string, name: FileName, tensors: Map<string, NamedTensor>): Promise<Manifest['files'][number]> {
  const bytes = writeSafetensors(tensors)
  await writeFile(join(directory, name), bytes)
  return { name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}
