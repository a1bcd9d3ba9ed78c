import { readFile } from 'node:fs/promises'
import test from 'ava'
import fc from 'fast-check'
import { codeOf } from '../../../errors.js'
import { Constants } from '../../../encoder/layers/constants.js'
import { foldNorms } from '../../../encoder/layers/fold.js'
import { permute } from '../../../encoder/import/permute.js'
import { importTorch } from '../../../encoder/import/torch.js'
import { buildBackbone, features } from '../../../encoder/networks/networks.js'
import { elements, readSafetensors, writeSafetensors, type NamedTensor } from '../../../encoder/safetensors.js'
import { openBackend, tf } from '../../../encoder/tf.js'
import { close } from '../numeric.js'

// Made by torchvision 0.22 of made-up weights (test/fixtures/torch-networks.py).
const fixture = (kind: string): URL => new URL(`../../../../test/fixtures/torch-networks.${kind}`, import.meta.url)
const expected = readSafetensors(await readFile(fixture('safetensors')))
const shapes = JSON.parse(await readFile(fixture('json'), 'utf8')) as Record<string, Record<string, number[]>>
const SIDE = 64

/** The same numbers for a name as the fixture's maker has. */
function madeUp (name: string, shape: readonly number[]): Float32Array {
  let seed = 0
  for (let i = 0; i < name.length; i++) seed += (i + 1) * name.charCodeAt(i)
  const spread = Math.sqrt(24 / elements(shape.slice(1)))
  return Float32Array.from({ length: elements(shape) }, (_, i) => {
    let hash = (Math.imul(i, 2654435761) + seed) >>> 0
    hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b) >>> 0
    const u = ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32 - 0.5
    if (name.endsWith('running_var')) return 1 + u
    return shape.length === 1 ? (name.endsWith('weight') ? 1 : 0) + 0.4 * u : u * spread
  })
}

function file (network: string): Uint8Array {
  return writeSafetensors(new Map<string, NamedTensor>(Object.entries(shapes[network]!).map(([name, shape]) =>
    [name, name.endsWith('num_batches_tracked') ? { shape, data: Int32Array.of(0) } : { shape, data: madeUp(name, shape) }])))
}

for (const network of ['resnet18', 'mobilenet-v2', 'squeezenet', 'vgg16']) {
  test.serial(`import: ${network} with weights from PyTorch gives PyTorch's features`, async t => {
    const { name: backend } = await openBackend()
    const imported = importTorch(file(network))
    t.is(imported.network, network)
    if (backend === 'javascript') return
    const x = tf.transpose(tf.tensor4d(madeUp('x', [1, 3, SIDE, SIDE]).map(value => value * 4), [1, 3, SIDE, SIDE]), [0, 2, 3, 1]) as tf.Tensor4D
    const backbone = buildBackbone(network, imported.settings)
    for (const weights of backbone.norm === undefined ? [imported.weights] : [imported.weights, foldNorms(imported.weights, backbone.norm)]) {
      const constants = new Constants(weights)
      const y = tf.tidy(() => features(backbone, x, constants))
      const { shape, data } = expected.get(network)!
      await close(t, y, tf.tensor(data, [...shape]), 2e-4)
      t.deepEqual(constants.seal().filter(name => !name.startsWith('classifier.')), [])
      constants.dispose()
    }
    x.dispose()
  })
}

test('import: the names of DataParallel, and the small residual networks\', are known', t => {
  const names = (blocks: number): [string, NamedTensor][] => {
    const layer = (name: string, shape: number[]): [string, NamedTensor][] => [[`module.${name}.weight`, { shape, data: new Float32Array(elements(shape)) }]]
    const norm = (name: string, width: number): [string, NamedTensor][] => ['weight', 'bias', 'running_mean', 'running_var'].map(part => [`module.${name}.${part}`, { shape: [width], data: new Float32Array(width) }])
    return [
      ...layer('conv1', [16, 3, 3, 3]), ...norm('bn1', 16), ...layer('linear', [10, 64]),
      ...[1, 2, 3].flatMap(group => [...Array(blocks).keys()].flatMap(block => [1, 2].flatMap(i =>
        [...layer(`layer${group}.${block}.conv${i}`, [16, 16, 3, 3]), ...norm(`layer${group}.${block}.bn${i}`, 16)])))
    ]
  }
  t.is(importTorch(writeSafetensors(new Map(names(3)))).network, 'resnet20')
  const { network, weights } = importTorch(writeSafetensors(new Map(names(9))))
  t.is(network, 'resnet56')
  t.deepEqual(weights.get('conv1.kernel')!.shape, [3, 3, 3, 16])
  t.true(weights.has('layer3.8.conv2.variance'))
})

test('import: a network that is none of ours is refused', t => {
  const tensors = new Map([['transformer.weight', { shape: [1], data: new Float32Array(1) }]])
  t.is(codeOf(t.throws(() => importTorch(writeSafetensors(tensors)))), 'HAMMINGBIRD_MODEL_INVALID')
  const more = new Map([...readSafetensors(file('squeezenet')), ...tensors])
  t.is(codeOf(t.throws(() => importTorch(writeSafetensors(more)))), 'HAMMINGBIRD_MODEL_INVALID')
})

test('import: sides are put in another order, whatever they are', t => {
  const order = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4, maxLength: 4 })
  fc.assert(fc.property(fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 1, max: 4 }))), order, (shape, order) => {
    const data = Float32Array.from({ length: elements(shape) }, (_, i) => i)
    const turned = permute({ shape, data }, order)
    for (let flat = 0; flat < data.length; flat++) {
      const at = shape.map((side, i) => Math.floor(flat / elements(shape.slice(i + 1))) % side)
      const to = order.reduce((sum, side, i) => sum + at[side]! * elements(turned.shape.slice(i + 1)), 0)
      t.is(turned.data[to], flat)
    }
  }))
})
