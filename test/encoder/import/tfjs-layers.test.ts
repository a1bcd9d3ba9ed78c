import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { codeOf } from '../../../errors.js'
import { FeatureSession } from '../../../encoder/features.js'
import type { Imported } from '../../../encoder/import/imported.js'
import { importLayersFolder } from '../../../encoder/import/tfjs-layers.js'
import { buildNetwork } from '../../../encoder/networks/networks.js'
import { normaliser } from '../../../encoder/pixels.js'
import { openBackend, tf } from '../../../encoder/tf.js'
import type { Manifest } from '../../../registry/manifest.js'
import { cifar, evaluationData, missing } from '../../fixtures/evaluation-data.js'
import { close } from '../numeric.js'

type Picture = Pick<Manifest, 'input' | 'normalisation'>

const square = (side: number): Manifest['input'] => ({ width: side, height: side, fit: 'squash' })
const rgb = (scale: number, mean: number, std = 1): Manifest['normalisation'] => ({ channels: 'rgb', scale, mean: [mean, mean, mean], std: [std, std, std] })
const CIFAR: Picture = { input: square(32), normalisation: { channels: 'rgb', scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } }

/** Every folder of the evaluation data, as its README has it; `tap` is the layer our features are held to. */
const folders: Record<string, { picture: Picture, tap: string, network: string, settings: object }> = {
  resnet20_cifar10: { picture: CIFAR, tap: 'avgpool', network: 'resnet20', settings: {} },
  resnet56_cifar10: { picture: CIFAR, tap: 'avgpool', network: 'resnet56', settings: {} },
  'mobilenet_v1_0.75_224': { picture: { input: square(224), normalisation: rgb(1 / 127.5, 1) }, tap: 'conv_pw_13_relu', network: 'mobilenet-v1', settings: { width: 0.75, padding: 'same', epsilon: 1e-3 } },
  'mobilenet_v2_1.0_224_dequant': { picture: { input: square(224), normalisation: rgb(1 / 128, 1) }, tap: 'global_pool', network: 'mobilenet-v2', settings: { width: 1, padding: 'same' } },
  'mobilenet_v2_0.35_224_tm': { picture: { input: square(224), normalisation: rgb(1 / 127.5, 1) }, tap: '', network: 'mobilenet-v2', settings: { width: 0.35, padding: 'same', epsilon: 1e-3 } },
  squeezenet_v1_1_notop: { picture: { input: square(227), normalisation: { channels: 'bgr', scale: 1, mean: [103.939, 116.779, 123.68], std: [1, 1, 1] } }, tap: 'fire9_concat', network: 'squeezenet', settings: {} }
}

/** What tfjs itself makes of the folder at a layer: a mean is taken where the layer still has height and width. */
async function oracle (folder: string, tap: string, x: tf.Tensor4D): Promise<tf.Tensor> {
  const json = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8')) as { modelTopology: object, weightsManifest: { weights: tf.io.WeightsManifestEntry[] }[] }
  const model = await tf.loadLayersModel(tf.io.fromMemory({
    modelTopology: json.modelTopology,
    weightSpecs: json.weightsManifest[0]!.weights,
    weightData: new Uint8Array(await readFile(join(folder, 'weights.bin'))).buffer
  }))
  const layer = tap === '' ? model.layers[0]! : model.getLayer(tap)
  const y = (tap === '' ? layer.apply(x) : tf.model({ inputs: model.inputs, outputs: layer.output }).predict(x)) as tf.Tensor
  return y.rank === 4 ? tf.mean(y, [1, 2]) : y
}

/** Pictures with edges and colours: bars of several widths, and what a small generator adds. */
function bars (count: number, side: number): Uint8Array {
  let state = 7
  return Uint8Array.from({ length: count * side * side * 3 }, (_, i) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const [x, y, channel] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side) % side, i % 3]
    return (Math.floor(x / (7 + 5 * channel)) + Math.floor(y / (11 + 3 * channel))) % 2 * 180 + (state >>> 24) % 60
  })
}

for (const only of ['native', 'wasm'] as const) {
  for (const [folder, { picture, tap, network, settings }] of Object.entries(folders)) {
    test.serial(`import: ${folder} gives on ${only} what tfjs makes of it`, async t => {
      if (missing(t, `weights/${folder}`)) return
      const opened = await openBackend({ only }).catch((err: Error) => err)
      if (opened instanceof Error) {
        t.log(`not run: ${opened.message}`)
        t.pass()
        return
      }
      const imported = await importLayersFolder(join(evaluationData, 'weights', folder))
      t.is(imported.network, network)
      t.deepEqual(imported.settings, settings)
      const pixels = bars(2, picture.input.width)
      using session = await FeatureSession.open(imported, picture, pixels.subarray(0, pixels.length / 2), { backend: { only } })
      const features = tf.tensor2d(await session.extract(pixels, 2), [2, session.features])
      await close(t, features, await oracle(join(evaluationData, 'weights', folder), tap, normaliser(picture)(pixels)), 1e-4)
    })
  }
}

for (const [folder, published] of [['resnet20_cifar10', 0.915], ['resnet56_cifar10', 0.926]] as const) {
  test.serial(`import: ${folder} names the classes of real pictures as published`, async t => {
    if (missing(t, `weights/${folder}`, 'cifar10')) return
    const imported = await importLayersFolder(join(evaluationData, 'weights', folder))
    const { pixels, labels } = await cifar('test_lossless')
    const { name } = await openBackend()
    const count = name === 'wasm' && folder.includes('56') ? 100 : labels.length
    using session = await FeatureSession.open(imported, CIFAR, pixels.subarray(0, 3072))
    const features = tf.tensor2d(await session.extract(pixels.subarray(0, count * 3072), count), [count, 64])
    const logits = tf.add(tf.matMul(features, classifier(imported, 'kernel')), classifier(imported, 'bias'))
    const named = await tf.argMax(logits, 1).data<'int32'>()
    const right = named.reduce((sum, at, i) => sum + (at === labels[i] ? 1 : 0), 0) / count
    t.log(`${(100 * right).toFixed(1)} % of ${count}; published: ${(100 * published).toFixed(1)} % of 1,000`)
    t.true(Math.abs(right - published) < 0.03)
  })
}

function classifier ({ weights }: Imported, part: 'kernel' | 'bias'): tf.Tensor2D {
  const { shape, data } = weights.get(`classifier.${part}`)!
  return tf.tensor2d(data as Float32Array, part === 'kernel' ? shape as [number, number] : [1, shape[0]!])
}

test.serial('import: what is damaged, or none of our networks, is refused', async t => {
  if (missing(t, 'weights/resnet20_cifar10')) return
  const from = join(evaluationData, 'weights/resnet20_cifar10')
  const good = JSON.parse(await readFile(join(from, 'model.json'), 'utf8')) as { weightsManifest: [{ paths: string[], weights: { name: string, shape: number[], dtype: string }[] }] }
  const directory = await mkdtemp(join(tmpdir(), 'hammingbird-import-'))
  t.teardown(() => rm(directory, { recursive: true }))
  await cp(join(from, 'weights.bin'), join(directory, 'weights.bin'))
  const damages: Record<string, (model: typeof good) => unknown> = {
    'a path out of the folder': model => { model.weightsManifest[0].paths = ['../weights.bin'] },
    'a shape that is too large': model => { model.weightsManifest[0].weights[0]!.shape = [3, 3, 3, 1e9] },
    'a shape that is too small': model => { model.weightsManifest[0].weights[0]!.shape = [3, 3, 3, 1] },
    'a type that is not read': model => { model.weightsManifest[0].weights[0]!.dtype = 'string' },
    'a layer that we do not have': model => { model.weightsManifest[0].weights[0]!.name = 'transformer/kernel' },
    'no weights': model => ({ ...model, weightsManifest: undefined }),
    'null': () => null
  }
  for (const [name, damage] of Object.entries(damages)) {
    const model = structuredClone(good)
    const changed = damage(model)
    await writeFile(join(directory, 'model.json'), JSON.stringify(changed === undefined ? model : changed))
    t.is(codeOf(await t.throwsAsync(importLayersFolder(directory), undefined, name)), 'HAMMINGBIRD_MODEL_INVALID', name)
  }
  await writeFile(join(directory, 'model.json'), '{')
  t.is(codeOf(await t.throwsAsync(importLayersFolder(directory))), 'HAMMINGBIRD_MODEL_INVALID')
})

test('networks: settings that cannot be, and networks that are not, are refused', t => {
  const build = (network: string, settings: object) => t.throws(() => buildNetwork({ network, settings: settings as Record<string, unknown>, bits: 64, detail: 0 }))
  for (const [network, settings] of [
    ['inception', {}], ['constructor', {}], ['resnet20', { width: 0 }], ['resnet20', { depth: 20 }], ['mobilenet-v2', { width: '1' }], ['mobilenet-v1', { padding: 'valid' }],
    ['mobilenet-v2', { epsilon: -1 }], ['vgg16', { ending: 'flat' }], ['resnet18', { hidden: [1, 2, 3, 4, 5] }], ['resnet18', { hidden: [0.5] }], ['mobilenet-v2', { width: NaN }]
  ] as const) {
    t.is(codeOf(build(network, settings)), 'HAMMINGBIRD_MODEL_INVALID', JSON.stringify([network, settings]))
  }
})
