import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { multiScaleFusionPool } from '../../encoder/layers/fusion-pooling.js'
import { sameConvolution } from '../../encoder/layers/same-convolution.js'
import { spatialPyramidPool } from '../../encoder/layers/pooling.js'
import { tripletAttention } from '../../encoder/layers/triplet-attention.js'
import { Variables } from '../../encoder/layers/variables.js'
import { makeModel } from '../../encoder/make-model.js'
import { buildNetwork, features } from '../../encoder/networks/networks.js'
import { normaliser } from '../../encoder/pixels.js'
import { loadSession } from '../../encoder/session.js'
import { tf } from '../../encoder/tf.js'
import { HammingbirdError } from '../../errors.js'
import type { Manifest } from '../../registry/manifest.js'
import { drawn } from '../../trainer/datasets/drawn.js'
import { close, gradientsHold, normal, openTraining } from './numeric.js'

const backend = await openTraining()

type Nested = number[][][][]

test('fusion pooling: mean over levels of the mean over windows of their largest, as in plain loops', async t => {
  const x = normal([2, 7, 5, 3]) as tf.Tensor4D
  const values = await x.array()
  const plain = values.map(picture => [0, 1, 2].map(channel => {
    const ofLevel = (bins: number): number => {
      let sum = 0
      for (let row = 0; row < bins; row++) {
        for (let column = 0; column < bins; column++) {
          let most = -Infinity
          for (let y = Math.floor(row * 7 / bins); y < Math.ceil((row + 1) * 7 / bins); y++) {
            for (let at = Math.floor(column * 5 / bins); at < Math.ceil((column + 1) * 5 / bins); at++) most = Math.max(most, picture[y]![at]![channel]!)
          }
          sum += most / bins ** 2
        }
      }
      return sum
    }
    return (ofLevel(4) + ofLevel(2) + ofLevel(1)) / 3
  }))
  await close(t, multiScaleFusionPool(x, [4, 2, 1]), tf.tensor2d(plain))
  t.is(spatialPyramidPool(x, [4, 2, 1]).shape[1], 21 * 3, 'the pyramid lays the same windows side by side')
})

test('triplet attention: is the plain loops of its three branches, on a map whose sides all differ', async t => {
  const [height, width, channels] = [3, 4, 5]
  const x = normal([1, height, width, channels]) as tf.Tensor4D
  const variables = new Variables({ seed: 3 })
  variables.training = false
  const y = tripletAttention(variables, 'a', x, 1e-5)
  const at = ((await x.array()) as Nested)[0]!
  const size = [height, width, channels]
  const expected = at.map((row, i) => row.map((pixel, j) => pixel.map((value, k) => {
    const place = [i, j, k]
    const gates = ([['space', 2], ['column', 0], ['row', 1]] as const).map(([name, dropped]) => {
      const [first, second] = [0, 1, 2].filter(axis => axis !== dropped) as [number, number]
      const kernel = variables.get(`a.${name}.kernel`, [7, 7, 2, 1], { kind: 'he', fanIn: 1 }).arraySync() as Nested
      let sum = 0
      for (let dy = -3; dy <= 3; dy++) {
        for (let dx = -3; dx <= 3; dx++) {
          const [p, q] = [place[first]! + dy, place[second]! + dx]
          if (p < 0 || q < 0 || p >= size[first]! || q >= size[second]!) continue
          const line = Array.from({ length: size[dropped]! }, (_, d) => {
            const where = [0, 0, 0]
            where[first] = p
            where[second] = q
            where[dropped] = d
            return at[where[0]!]![where[1]!]![where[2]!]!
          })
          const mean = line.reduce((total, v) => total + v, 0) / line.length
          sum += kernel[dy + 3]![dx + 3]![0]![0]! * Math.max(...line) + kernel[dy + 3]![dx + 3]![1]![0]! * mean
        }
      }
      return 1 / (1 + Math.exp(-sum / Math.sqrt(1 + 1e-5))) // a norm that has seen nothing: mean 0, variance 1
    })
    return value * gates.reduce((total, gate) => total + gate, 0) / 3
  })))
  await close(t, y, tf.tensor4d([expected]))
  t.is(variables.trainable().reduce((sum, v) => sum + v.size, 0), 300)
  variables.dispose()
})

test('triplet attention, fusion pooling: gradients hold to differences', async t => {
  const variables = new Variables({ seed: 4 })
  const x = tf.variable(normal([2, 5, 4, 3], 7)) as tf.Variable<tf.Rank.R4>
  const attended = (): tf.Tensor => tripletAttention(variables, 'a', x, 1e-3)
  attended()
  await gradientsHold(t, attended, [x, ...variables.trainable()])
  await gradientsHold(t, () => multiScaleFusionPool(x, [3, 2, 1]), [x])
  variables.dispose()
})

const networks: readonly (readonly [name: string, settings: Record<string, unknown>, features: number])[] = [
  ['small-cnn', { width: 8 }, 32],
  ['small-cnn', { width: 8, attention: 'all', pooling: 'fusion', hashNorm: 'batch' }, 32],
  ['small-cnn', { width: 8, pooling: 'pyramid', levels: [2, 1], hidden: [12] }, 160],
  ['small-cnn', { width: 8, mirror: 'mean' }, 32],
  ['vgg16-32', { width: 8, attention: 'groups' }, 64],
  ['dsh-cnn', { width: 4, pooling: 'pyramid' }, 168],
  ['dsh-cnn', { width: 4, hidden: [20] }, 8]
]

for (const [network, settings, expected] of networks) {
  test(`${network} ${JSON.stringify(settings)}: learns in all its parts, is saved, loaded and run as it was trained`, async t => {
    const manifest: Omit<Manifest, 'manifest' | 'files'> = {
      version: 'v1', bits: 16, network, settings, detail: 0, createdMs: 0, provenance: {}, input: { width: 32, height: 32, fit: 'squash' },
      normalisation: { channels: 'rgb', scale: 1 / 255, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] }
    }
    const { backbone, head } = buildNetwork(manifest)
    t.is(backbone.features, expected)
    const { pixels } = drawn(backend.name === 'javascript' ? 2 : 12, 5)
    const variables = new Variables({ seed: 6 })
    const run = (): tf.Tensor2D => head.outputs(features(backbone, normaliser(manifest)(pixels), variables), variables)
    const { grads } = tf.tidy(() => {
      run()
      return tf.variableGrads(() => tf.sum(tf.square(run())), variables.trainable())
    })
    for (const [name, variable] of variables.all()) {
      if (variable.trainable) t.true(tf.tidy(() => tf.max(tf.abs(grads[variable.name]!)).dataSync()[0]!) > 0, name)
    }

    variables.training = false
    const outputs = tf.tidy(() => run().dataSync<'float32'>())
    const directory = await mkdtemp(join(tmpdir(), 'hammingbird-learned-'))
    t.teardown(() => rm(directory, { recursive: true }))
    const made = await makeModel(directory, manifest, await variables.read(), pixels, { backend: { only: backend.name } })
    using session = await loadSession(made, directory, { backend: { only: backend.name } })
    const encoded = await session.encode(pixels, pixels.length / 3072, { outputs: true }, () => {})
    await close(t, tf.tensor1d(encoded.outputs!), tf.tensor1d(outputs), 1e-4)
    variables.dispose()
  })
}

test('small-cnn: seen from both sides, a picture and its mirror image are one', async t => {
  const { backbone } = buildNetwork({ network: 'small-cnn', settings: { width: 8, mirror: 'mean' }, bits: 16, detail: 0 })
  const variables = new Variables({ seed: 6 })
  variables.training = false
  const x = normal([2, 16, 16, 3]) as tf.Tensor4D
  await close(t, features(backbone, tf.reverse4d(x, 2), variables), features(backbone, x, variables))
  t.is(features(backbone, x, variables).shape[0], 2)
  variables.dispose()
})

test('same convolution: its gradients are those of the convolution, on a map whose sides all differ', async t => {
  const [x, kernel, weights] = [normal([2, 7, 5, 3], 1), normal([3, 3, 3, 4], 2), normal([2, 7, 5, 4], 3)]
  const gradients = (f: (x: tf.Tensor4D, kernel: tf.Tensor4D) => tf.Tensor) =>
    tf.grads((x, kernel) => tf.sum(tf.mul(weights, f(x as tf.Tensor4D, kernel as tf.Tensor4D))))([x, kernel])
  const [own, expected] = [gradients(sameConvolution), gradients((x, kernel) => tf.conv2d(x, kernel, 1, 'same'))]
  for (const [i, gradient] of own.entries()) await close(t, gradient, expected[i]!)
})

test('variables: a passing kernel leaves its first channels as they are', async t => {
  const variables = new Variables({ seed: 1 })
  for (const [channels, filters] of [[3, 5], [5, 3]] as const) {
    const x = normal([1, 4, 6, channels]) as tf.Tensor4D
    const kernel = variables.get(`c${channels}.kernel`, [3, 3, channels, filters], { kind: 'passing', fanIn: 9 * channels }) as tf.Tensor as tf.Tensor4D
    await close(t, tf.slice4d(tf.conv2d(x, kernel, 1, 'same'), [0, 0, 0, 0], [1, 4, 6, 3]), tf.slice4d(x, [0, 0, 0, 0], [1, 4, 6, 3]))
  }
  variables.dispose()
})

test('networks: a batch norm on the hash layer of a network without any is refused', t => {
  t.throws(() => buildNetwork({ network: 'dsh-cnn', settings: { hashNorm: 'batch' }, bits: 16, detail: 0 }), { instanceOf: HammingbirdError, code: 'HAMMINGBIRD_MODEL_INVALID' })
})
