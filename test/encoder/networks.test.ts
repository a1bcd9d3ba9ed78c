import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { Variables } from '../../encoder/layers/variables.js'
import { makeModel } from '../../encoder/make-model.js'
import { buildNetwork, features, networkNames } from '../../encoder/networks/networks.js'
import { normaliser } from '../../encoder/pixels.js'
import { loadSession } from '../../encoder/session.js'
import { BACKENDS, openBackend, tf } from '../../encoder/tf.js'
import type { Manifest } from '../../registry/manifest.js'
import { onnxIsThere } from '../fixtures/onnx-is-there.js'

/** The smallest of each network; plain JavaScript runs those that are small, ONNX Runtime those of which every op can be written down for it. */
const SMALLEST: Readonly<Record<string, { readonly settings: Readonly<Record<string, unknown>>, readonly side: number, readonly large?: true, readonly uncovered?: true, readonly network?: string }>> = {
  resnet20: { settings: { width: 4 }, side: 16 },
  resnet56: { settings: { width: 4 }, side: 16 },
  resnet18: { settings: {}, side: 32, large: true },
  'mobilenet-v1': { settings: { width: 0.25 }, side: 32 },
  'mobilenet-v2': { settings: { width: 0.1 }, side: 32 },
  squeezenet: { settings: {}, side: 48, large: true },
  vgg16: { settings: { ending: 'average' }, side: 32, large: true },
  'small-cnn': { settings: { width: 8, attention: 'all', shortcuts: 'identity' }, side: 16, uncovered: true },
  'small-cnn, as multitask trains it,': { network: 'small-cnn', settings: { width: 8, pooling: 'fusion' }, side: 24 },
  'vgg16-32': { settings: { width: 8, attention: 'groups' }, side: 32, uncovered: true },
  'dsh-cnn': { settings: { width: 4 }, side: 32 }
}

test('networks: each of them is here', t => {
  t.deepEqual(Object.entries(SMALLEST).filter(([, { network }]) => network === undefined).map(([name]) => name).sort(), networkNames.toSorted())
})

for (const [name, { settings, side, large, uncovered, network = name }] of Object.entries(SMALLEST)) {
  test.serial(`networks: ${name} gives its recorded outputs on every backend`, async t => {
    const directory = await mkdtemp(join(tmpdir(), 'hammingbird-network-'))
    t.teardown(() => rm(directory, { recursive: true, force: true }))
    await openBackend()
    const draft: Omit<Manifest, 'manifest' | 'files'> = {
      version: 'v1', bits: 16, network, settings, input: { width: side, height: side, fit: 'squash' },
      normalisation: { channels: 'rgb', scale: 1 / 255, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] }, detail: 0, createdMs: 0, provenance: {}
    }
    const pixels = Uint8Array.from({ length: 2 * side * side * 3 }, (_, i) => (i * 73 + (i >> 5) * 31) % 256)
    const variables = new Variables({ seed: 5 })
    variables.training = false
    const { backbone, head } = buildNetwork(draft)
    tf.tidy(() => head.outputs(features(backbone, normaliser(draft)(pixels), variables), variables))
    const manifest = await makeModel(directory, draft, await variables.read(), pixels)
    variables.dispose()
    for (const only of BACKENDS) {
      if (only === 'javascript' && large === true) continue
      if (await openBackend({ only }).then(() => false, (err: Error) => { t.log(`not run: ${err.message}`); return true })) continue
      using session = await loadSession(manifest, directory, { backend: { only } }) // which holds it to what was recorded
      const { outputs } = await session.encode(pixels, 2, { outputs: true }, () => undefined)
      t.true(outputs!.some(value => Math.abs(value) > 1e-6), `${only}: it says something`)
    }
    if (!onnxIsThere()) return t.log('not run: onnxruntime-node is not set up')
    await openBackend()
    using session = await loadSession(manifest, directory)
    if (tf.getBackend() === 'tensorflow') t.regex(session.backend, uncovered === true ? /^native TensorFlow .*no onnx: (Kernel '\w+' not registered|a picture of which one side)/ : /^ONNX Runtime /)
    t.is(session.onOnnx, uncovered !== true)
  })
}
