import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { codeOf } from '../../../errors.js'
import { readModelFiles } from '../../../encoder/model-files.js'
import { buildNetwork } from '../../../encoder/networks/networks.js'
import { Recording } from '../../../encoder/onnx/recording.js'
import { loadOnnx, onnxOptions, type OnnxTensor } from '../../../encoder/onnx/runtime.js'
import type { Program } from '../../../encoder/runner.js'
import { loadSession } from '../../../encoder/session.js'
import { openBackend, tf } from '../../../encoder/tf.js'
import { ModelProto } from '../../../proto/gen/onnx/onnx.js'
import type { Manifest } from '../../../registry/manifest.js'
import { onnxIsThere } from '../../fixtures/onnx-is-there.js'
import { smallModel } from '../../fixtures/small-model.js'

test.before(async () => { await openBackend({ only: 'javascript' }) })

async function made (t: { teardown: (end: () => Promise<void>) => void }): Promise<{ directory: string, manifest: Manifest, program: Program }> {
  const directory = await mkdtemp(join(tmpdir(), 'hammingbird-onnx-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const manifest = await smallModel(directory)
  const { weights } = await readModelFiles(manifest, directory)
  const { backbone, head } = buildNetwork(manifest)
  const last = { name: 'head', run: head.outputs as Program['stages'][number]['run'] }
  return { directory, manifest, program: { picture: manifest, stages: [...backbone.stages, last], norm: backbone.norm, weights } }
}

test.serial('onnx: a network is one graph, of any number of pictures, and the backend before it is back', async t => {
  const { program } = await made(t)
  using recording = new Recording(program)
  const { graph } = ModelProto.decode(recording.next()!.model)
  t.is(recording.next(), undefined)
  t.is(tf.getBackend(), 'cpu')
  t.is(graph!.node.filter(({ opType }) => opType === 'Conv').length, 19)
  const [first] = graph!.input[0]!.type!.value!.$case === 'tensorType' ? (graph!.input[0]!.type!.value as { value: { shape?: { dim: readonly { value?: unknown }[] } } }).value.shape!.dim : []
  t.deepEqual(first!.value, { $case: 'dimParam', value: 'n' })
})

test.serial('onnx: weights that do not fit are refused, and no other backend is tried', async t => {
  const { program } = await made(t)
  const weights = new Map(program.weights)
  const kernel = weights.get('conv1.kernel')!
  for (const wrong of [new Map([...weights].filter(([name]) => name !== 'hash.bias')), new Map(weights).set('conv1.kernel', { ...kernel, shape: [1, ...kernel.shape] }), new Map(weights).set('stranger', kernel)]) {
    using recording = new Recording({ ...program, weights: wrong })
    t.is(codeOf(t.throws(() => { while (recording.next() !== undefined); })), 'HAMMINGBIRD_MODEL_INVALID')
    t.is(tf.getBackend(), 'cpu')
  }
})

test.serial('onnx: cut in segments it gives the same, whatever the number of pictures', async t => {
  if (!onnxIsThere()) return t.pass('not run: onnxruntime-node is not set up')
  const { directory, manifest, program } = await made(t)
  using recording = new Recording(program, 1)
  const runtime = loadOnnx()
  const pixels = Uint8Array.from({ length: 7 * 768 }, (_, i) => (i * 37 + 5) % 256)
  let x: OnnxTensor = new runtime.Tensor('uint8', pixels, [7, 16, 16, 3])
  let segments = 0
  for (let segment = recording.next(); segment !== undefined; segment = recording.next()) {
    const session = await runtime.InferenceSession.create(segment.model, onnxOptions())
    x = (await session.run({ x }))['y']!
    await session.release()
    segments++
  }
  t.is(segments, program.stages.length - 1, 'the pool multiplies nothing, so it goes with the head')
  using session = await loadSession(manifest, directory, { backend: { only: 'javascript' } })
  const { outputs } = await session.encode(pixels, 7, { outputs: true }, () => undefined)
  const largest = outputs!.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  for (const [i, value] of (x.data as Float32Array).entries()) t.true(Math.abs(value - outputs![i]!) < 1e-4 * largest)
})

test.serial('onnx: what is asked for by name and is no backend of TensorFlow encodes, and nothing else', async t => {
  t.is(codeOf(await t.throwsAsync(openBackend({ only: 'onnx' }))), 'HAMMINGBIRD_BACKEND')
  const { directory, manifest } = await made(t)
  const opened = await loadSession(manifest, directory, { backend: { only: 'onnx' } }).catch((err: unknown) => err)
  if (onnxIsThere()) t.true((opened as { onOnnx?: boolean }).onOnnx)
  else t.is(codeOf(opened), 'HAMMINGBIRD_BACKEND')
})
