import { readFile } from 'node:fs/promises'
import test from 'ava'
import { nativeOps } from '../../encoder/backends/native.js'
import { activate } from '../../encoder/layers/activation.js'
import { batchNorm, nativeBatchNorm, portableBatchNorm } from '../../encoder/layers/batch-norm.js'
import { Constants } from '../../encoder/layers/constants.js'
import { convolution, depthwise } from '../../encoder/layers/convolution.js'
import { dense } from '../../encoder/layers/dense.js'
import { adaptivePool, globalAveragePool, globalMaxPool, maxPool, spatialPyramidPool } from '../../encoder/layers/pooling.js'
import { straightThroughSign } from '../../encoder/layers/sign.js'
import { Variables } from '../../encoder/layers/variables.js'
import { readSafetensors, type NamedTensor } from '../../encoder/safetensors.js'
import { tf } from '../../encoder/tf.js'
import { close, gradientsHold, normal, openTraining } from './numeric.js'

// Real numbers to hold to: what PyTorch 2.7.1 made of the same (test/fixtures/torch-layers.py).
const torch = readSafetensors(await readFile(new URL('../../../test/fixtures/torch-layers.safetensors', import.meta.url)))
const { sentence, trains } = await openTraining()

test('layers: these tests run where gradients are right', t => {
  t.log(sentence)
  t.true(trains)
})

function recorded<T extends tf.Tensor> (name: string): T {
  const { shape, data } = torch.get(name)!
  return tf.tensor(data, [...shape]) as T
}

/** PyTorch's [out, in, height, width] → ours, [height, width, in, out]. */
function kernel (name: string): NamedTensor {
  const turned = tf.transpose(recorded(name), [2, 3, 1, 0])
  return { shape: turned.shape, data: turned.dataSync<'float32'>() }
}

for (const stride of [1, 2]) {
  for (const size of [1, 3, 5]) {
    test(`layers: a convolution of ${size} pixels at stride ${stride} is PyTorch's`, async t => {
      const name = `conv-${size}-${stride}`
      const constants = new Constants(new Map([['c.kernel', kernel(`${name}.weight`)], ['c.bias', torch.get(`${name}.bias`)!]]))
      await close(t, convolution(constants, 'c', recorded('x'), { filters: 6, size, stride }), recorded(`${name}.y`))
    })
  }

  test(`layers: a depthwise convolution at stride ${stride} is PyTorch's`, async t => {
    const turned = tf.transpose(recorded(`depthwise-${stride}.weight`), [2, 3, 0, 1])
    const constants = new Constants(new Map([
      ['c.kernel', { shape: turned.shape, data: turned.dataSync<'float32'>() }], ['c.bias', torch.get(`depthwise-${stride}.bias`)!]
    ]))
    await close(t, depthwise(constants, 'c', recorded('x'), { size: 3, stride }), recorded(`depthwise-${stride}.y`))
  })
}

test('layers: a dense layer is PyTorch\'s linear one, turned', async t => {
  const turned = tf.transpose(recorded('linear.weight'))
  const constants = new Constants(new Map([['d.kernel', { shape: turned.shape, data: turned.dataSync<'float32'>() }], ['d.bias', torch.get('linear.bias')!]]))
  await close(t, dense(constants, 'd', recorded('linear.x'), 5), recorded('linear.y'))
})

test('layers: pooling is PyTorch\'s, uneven windows and borders included', async t => {
  const x = recorded<tf.Tensor4D>('x')
  await close(t, maxPool(x, { size: 3, stride: 2, padding: 'symmetric' }), recorded('max-pool-3-2-1.y'))
  await close(t, maxPool(x, { size: 2, stride: 2 }), recorded('max-pool-2-2-0.y'))
  for (const bins of [1, 2, 4, 5]) {
    await close(t, adaptivePool(x, bins, 'max'), recorded(`adaptive-max-${bins}.y`))
    await close(t, adaptivePool(x, bins, 'mean'), recorded(`adaptive-mean-${bins}.y`))
  }
  await close(t, globalMaxPool(x), recorded<tf.Tensor4D>('adaptive-max-1.y').reshape([3, 4]))
  await close(t, globalAveragePool(x), recorded<tf.Tensor4D>('adaptive-mean-1.y').reshape([3, 4]))
})

test('layers: a spatial pyramid has its levels side by side', async t => {
  const y = spatialPyramidPool(recorded('x'), [1, 2, 4])
  t.deepEqual(y.shape, [3, 4 * (1 + 4 + 16)])
  await close(t, y, tf.concat([1, 2, 4].map(bins => tf.reshape(recorded(`adaptive-max-${bins}.y`), [3, -1])), 1))
})

test('layers: a batch norm in training gives PyTorch\'s outputs, gradients and running statistics, and then its evaluation', async t => {
  const start = new Map([['c.gamma', torch.get('norm.weight')!], ['c.beta', torch.get('norm.bias')!]])
  const variables = new Variables({ start })
  const x = recorded<tf.Tensor4D>('x')
  const toward = recorded<tf.Tensor4D>('norm.toward')
  const loss = (x: tf.Tensor): tf.Scalar => tf.sum(tf.mul(batchNorm(variables, 'c', x as tf.Tensor4D, 1e-5), toward))
  loss(x) // makes the variables
  const [mean, variance] = [variables.all().get('c.mean')!, variables.all().get('c.variance')!]
  mean.assign(tf.zeros([4]))
  variance.assign(tf.ones([4]))
  await close(t, tf.grad(loss)(x), recorded('norm.dx'), 1e-4)
  await close(t, mean, recorded('norm.running_mean'))
  await close(t, variance, recorded('norm.running_var'))
  const { grads } = tf.variableGrads(() => loss(x), variables.trainable())
  await close(t, grads[variables.all().get('c.gamma')!.name]!, recorded('norm.dweight'), 1e-4)
  await close(t, grads[variables.all().get('c.beta')!.name]!, recorded('norm.dbias'), 1e-4)
  await close(t, batchNorm(variables, 'c', x, 1e-5), recorded('norm.y'))
  mean.assign(recorded('norm.running_mean'))
  variance.assign(recorded('norm.running_var'))
  variables.training = false
  await close(t, batchNorm(variables, 'c', x, 1e-5), recorded('norm.evaluated'))
})

test('layers: the native batch norm and ReLU are the portable ones', async t => {
  const native = nativeOps()
  if (native === undefined) {
    t.log('not run: native TensorFlow is not set up (npm run setup:native)')
    t.pass()
    return
  }
  const [x, gamma, beta, dy] = [normal([4, 5, 6, 3]), normal([3], 2), normal([3], 3), normal([4, 5, 6, 3], 4)]
  const roads = [nativeBatchNorm.bind(undefined, native), portableBatchNorm].map(norm => {
    const { y, mean, variance } = norm(x as tf.Tensor4D, gamma, beta, 1e-3)
    const grads = tf.grads((x, gamma, beta) => norm(x as tf.Tensor4D, gamma, beta, 1e-3).y)([x, gamma, beta], dy)
    return [y, mean, variance, ...grads]
  })
  for (const [i, tensor] of roads[0]!.entries()) await close(t, tensor, roads[1]![i]!)
  for (const activation of ['relu', 'relu6'] as const) {
    const wide = x.mul(5)
    await close(t, activate(wide, activation, true), activate(wide, activation, false))
    await close(t, tf.grad(x => activate(x, activation, true))(wide, dy), tf.grad(x => activate(x, activation, false))(wide, dy))
  }
})

const layers: Record<string, (variables: Variables, x: tf.Tensor4D) => tf.Tensor> = {
  'a convolution, symmetric': (v, x) => convolution(v, 'c', x, { filters: 3, size: 3, stride: 2 }),
  'a convolution, same': (v, x) => convolution(v, 'c', x, { filters: 3, size: 3, stride: 2, padding: 'same' }),
  'a convolution of one pixel': (v, x) => convolution(v, 'c', x, { filters: 3, size: 1 }),
  'a convolution with a norm and a ReLU': (v, x) => convolution(v, 'c', x, { filters: 3, size: 3, norm: 1e-3, activation: 'relu' }),
  'a depthwise convolution': (v, x) => depthwise(v, 'c', x, { size: 3, stride: 2 }),
  'max pooling with a border': (_, x) => maxPool(x, { size: 3, stride: 2, padding: 'symmetric' }),
  'a spatial pyramid': (_, x) => spatialPyramidPool(x, [1, 2, 4]),
  'adaptive means': (_, x) => adaptivePool(x, 3, 'mean'),
  'a dense layer over means': (v, x) => dense(v, 'd', globalAveragePool(x), 4, 'relu')
}
for (const [name, layer] of Object.entries(layers)) {
  test(`layers: the gradient of ${name} is what differences say`, async t => {
    const variables = new Variables({ seed: 3 })
    const x = normal([2, 7, 6, 4]) as tf.Tensor4D
    layer(variables, x)
    if (variables.trainable().length > 0) await gradientsHold(t, () => layer(variables, x), variables.trainable())
    const input = tf.variable(x)
    await gradientsHold(t, () => layer(variables, input as unknown as tf.Tensor4D), [input])
  })
}

test('layers: a sign lets the gradient through, and zero counts as no bit', async t => {
  const x = tf.tensor1d([-2, -0, 0, 0.5])
  t.deepEqual([...await straightThroughSign(x).data()], [-1, -1, -1, 1])
  t.deepEqual([...await tf.grad(x => straightThroughSign(x).mul(tf.tensor1d([1, 2, 3, 4])))(x).data()], [1, 2, 3, 4])
})

test('layers: variables begin the same from the same seed, whatever was made before them', async t => {
  const make = async (seed: number, names: readonly string[]): Promise<Float32Array> => {
    const variables = new Variables({ seed })
    for (const name of names) variables.get(name, [2000], { kind: 'he', fanIn: 8 })
    return variables.all().get('a')!.data<'float32'>()
  }
  const values = await make(1, ['a'])
  t.deepEqual(values, await make(1, ['b', 'a']))
  t.notDeepEqual(values, await make(2, ['a']))
  const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length
  t.true(Math.abs(variance - 2 / 8) < 0.03, `variance ${variance}`)
})
