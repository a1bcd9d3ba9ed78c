import test from 'ava'
import { BACKENDS, openBackend, tf } from '../../encoder/tf.js'
import { close, normal } from './numeric.js'

// Whether the backend at hand computes what plain JavaScript computes, op by op: the ops that networks, objectives and
// training use. Left out is what is known to be wrong in plain JavaScript itself (gradients of resizing that is not
// square), in every backend (gradients of batchNorm without scale, of squaredDifference that broadcasts), or not there on
// native (gradients of explicit padding, rotation): nothing of ours uses them.

const positive = (shape: number[], seed: number): tf.Tensor => tf.add(tf.abs(normal(shape, seed)), 0.1)
const [x4, k4, d4] = [[2, 8, 9, 4], [3, 3, 4, 6], [3, 3, 4, 1]] as const
const at = <T extends tf.Tensor>(shape: readonly number[], seed = 1): T => normal(shape, seed) as T

/** Forward only. */
const forward: Record<string, () => tf.Tensor | tf.Tensor[]> = {
  'explicit padding': () => tf.conv2d(at<tf.Tensor4D>(x4), at<tf.Tensor4D>(k4, 2), 1, [[0, 0], [1, 2], [2, 1], [0, 0]]),
  dilation: () => tf.conv2d(at<tf.Tensor4D>(x4), at<tf.Tensor4D>(k4, 2), 1, 'same', 'NHWC', 2),
  'batch norm': () => tf.batchNorm4d(at<tf.Tensor4D>(x4), at<tf.Tensor1D>([4], 2), positive([4], 3) as tf.Tensor1D, at<tf.Tensor1D>([4], 4), at<tf.Tensor1D>([4], 5), 1e-3),
  'resize bilinear': () => tf.image.resizeBilinear(at<tf.Tensor4D>(x4), [11, 7], false, true),
  'flip left right': () => tf.image.flipLeftRight(at<tf.Tensor4D>(x4)),
  'crop and resize': () => tf.image.cropAndResize(at<tf.Tensor4D>(x4), tf.tensor2d([[0, 0, 0.5, 0.7], [0.1, 0.2, 0.9, 1]]), tf.tensor1d([0, 1], 'int32'), [5, 5]),
  'argmax, argmin, top k': () => [tf.argMax(at([5, 9]), 1), tf.argMin(at([5, 9]), 0), tf.topk(at([5, 9]), 3).values, tf.topk(at([5, 9]), 3).indices],
  'one-hot, eye, range': () => [tf.oneHot(tf.tensor1d([0, 3, 1], 'int32'), 4), tf.eye(4), tf.range(0, 9, 2)],
  'casts and comparisons': () => [tf.cast(tf.mul(at([20]), 9), 'int32'), tf.greater(at([20]), 0), tf.cast(tf.lessEqual(at([20]), 0), 'float32'), tf.logicalAnd(tf.greater(at([9]), 0), tf.greater(at([9], 2), 0))],
  'sign, round, floor': () => [tf.sign(at([20])), tf.round(tf.mul(at([20]), 3)), tf.floor(at([20]))],
  'gather by index': () => [tf.gather(at([10, 4]), tf.tensor1d([3, 3, 9, 0], 'int32')), tf.gatherND(at([5, 4]), tf.tensor2d([[0, 1], [4, 3]], [2, 2], 'int32'))],
  'strided slice, mirror': () => [tf.stridedSlice(at([8, 6]), [0, 1], [8, 6], [2, 2]), tf.mirrorPad(at([4, 4]), [[1, 1], [2, 1]], 'reflect')],
  'bits packed by a product': () => tf.matMul(tf.cast(tf.greater(at([5, 8]), 0), 'float32'), tf.tensor2d([1, 2, 4, 8, 16, 32, 64, 128], [8, 1]))
}

/** Forward, and the gradient of a weighted sum of the outputs by every input. */
const both: Record<string, [f: (...inputs: tf.Tensor[]) => tf.Tensor, ...inputs: (() => tf.Tensor)[]]> = {
  'matrix product': [(a, b) => tf.matMul(a!, b!), () => at([8, 5]), () => at([5, 7], 2)],
  'matrix product, turned': [(a, b) => tf.matMul(a!, b!, true, true), () => at([5, 8]), () => at([7, 5], 2)],
  'matrix product, batched': [(a, b) => tf.matMul(a!, b!), () => at([4, 7, 5]), () => at([4, 5, 6], 2)],
  'convolution, same': [(x, k) => tf.conv2d(x as tf.Tensor4D, k as tf.Tensor4D, 1, 'same'), () => at(x4), () => at(k4, 2)],
  'convolution, stride 2': [(x, k) => tf.conv2d(x as tf.Tensor4D, k as tf.Tensor4D, 2, 'same'), () => at(x4), () => at(k4, 2)],
  'convolution, inside': [(x, k) => tf.conv2d(x as tf.Tensor4D, k as tf.Tensor4D, 2, 'valid'), () => at(x4), () => at(k4, 2)],
  'convolution of a pixel, stride 2': [(x, k) => tf.conv2d(x as tf.Tensor4D, k as tf.Tensor4D, 2, 'same'), () => at(x4), () => at([1, 1, 4, 6], 2)],
  'depthwise, same': [(x, k) => tf.depthwiseConv2d(x as tf.Tensor4D, k as tf.Tensor4D, 1, 'same'), () => at(x4), () => at(d4, 2)],
  'padded depthwise, stride 2': [(x, k) => tf.depthwiseConv2d(tf.pad(x as tf.Tensor4D, [[0, 0], [1, 1], [1, 1], [0, 0]]), k as tf.Tensor4D, 2, 'valid'), () => at(x4), () => at(d4, 2)],
  'norm of batch statistics': [(x, g, b) => {
    const { mean, variance } = tf.moments(x!, [0, 1, 2])
    return tf.batchNorm(x as tf.Tensor4D, mean as tf.Tensor1D, variance as tf.Tensor1D, b as tf.Tensor1D, g as tf.Tensor1D, 1e-3)
  }, () => at(x4), () => at([4], 2), () => at([4], 3)],
  'max pool': [x => tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid'), () => at([2, 8, 8, 3])],
  'max pool 3, same': [x => tf.maxPool(x as tf.Tensor4D, 3, 2, 'same'), () => at(x4)],
  'mean pool': [x => tf.avgPool(x as tf.Tensor4D, 2, 2, 'valid'), () => at([2, 8, 8, 3])],
  'activations': [x => tf.concat([tf.relu(x!), tf.relu6(tf.mul(x!, 4)), tf.elu(x!), tf.leakyRelu(x!, 0.1), tf.sigmoid(x!), tf.tanh(x!), tf.softplus(x!)]), () => at([50])],
  'softmax and its logarithm': [x => tf.concat([tf.softmax(x as tf.Tensor2D), tf.logSoftmax(x as tf.Tensor2D)]), () => at([6, 10])],
  'sigmoid cross-entropy': [x => tf.losses.sigmoidCrossEntropy(tf.oneHot(tf.tensor1d([1, 3, 5, 0], 'int32'), 10), x!), () => at([4, 10])],
  'softmax cross-entropy': [x => tf.losses.softmaxCrossEntropy(tf.oneHot(tf.tensor1d([1, 3, 5, 0], 'int32'), 10), x!), () => at([4, 10])],
  'exp, square': [x => tf.concat([tf.exp(x!), tf.square(x!), tf.abs(x!)]), () => at([20])],
  'log, roots': [x => tf.concat([tf.log(x!), tf.sqrt(x!), tf.rsqrt(x!), tf.pow(x!, 1.5)]), () => positive([20], 1)],
  'length and its division': [x => tf.div(x!, tf.sqrt(tf.add(tf.sum(tf.square(x!), 1, true), 1e-8))), () => at([4, 8])],
  'sums and means of axes': [x => tf.concat([tf.sum(x!, [0, 2]), tf.mean(x!, [0, 2])]), () => at([3, 4, 5])],
  'largest and least of axes': [x => tf.concat([tf.max(x!, [0, 2]), tf.min(x!, [0, 2])]), () => at([3, 4, 5])],
  'joined, cut, stacked': [(a, b) => tf.stack(tf.split(tf.concat([a!, b!], 1), 2, 1), 1), () => at([4, 6]), () => at([4, 6], 2)],
  'sliced, padded, turned, tiled': [x => tf.tile(tf.transpose(tf.pad(tf.slice(x as tf.Tensor2D, [1, 2], [2, 3]), [[1, 2], [0, 1]])), [2, 1]), () => at([4, 6])],
  'broadcast arithmetic': [(a, b) => tf.maximum(tf.div(tf.sub(tf.mul(tf.add(a!, b!), a!), b!), tf.add(tf.square(b!), 1)), a!), () => at([3, 4]), () => at([4], 2)],
  'squared difference': [(a, b) => tf.squaredDifference(a!, b!), () => at([3, 4]), () => at([3, 4], 2)],
  'where, clip': [(a, b) => tf.where(tf.greater(normal([3, 4], 7), 0), tf.clipByValue(a!, -0.5, 0.5), b!), () => at([3, 4]), () => at([3, 4], 2)],
  'gathered rows': [x => tf.gather(x!, tf.tensor1d([3, 3, 1, 0], 'int32')), () => at([5, 4])],
  'running sum': [x => tf.cumsum(x!, 1), () => at([4, 6])],
  'resize bilinear, square': [x => tf.image.resizeBilinear(x as tf.Tensor4D, [11, 11]), () => at([2, 5, 5, 3])]
}

for (const only of BACKENDS.filter(name => name !== 'javascript')) {
  test.serial(`ops: ${only} computes what plain JavaScript computes`, async t => {
    const opened = await openBackend({ only }).catch((err: Error) => err)
    if (opened instanceof Error) {
      t.log(`not run: ${opened.message}`)
      t.pass()
      return
    }
    const cases: [string, () => tf.Tensor | tf.Tensor[]][] = [...Object.entries(forward),
      ...Object.entries(both).map(([name, [f, ...inputs]]): [string, () => tf.Tensor[]] => [name, () => {
        const values = inputs.map(input => input())
        const y = f(...values)
        const gradients = opened.trains ? tf.grads((...xs: tf.Tensor[]) => tf.sum(tf.mul(f(...xs), normal(y.shape, 77))))(values) : []
        return [y, ...gradients]
      }])]
    for (const [name, run] of cases) {
      const results: tf.Tensor[][] = []
      for (const backend of [only, 'javascript'] as const) {
        await openBackend({ only: backend })
        const made = run()
        results.push(Array.isArray(made) ? made : [made])
        await Promise.all(results.at(-1)!.map(tensor => tensor.data()))
      }
      for (const [i, actual] of results[0]!.entries()) {
        t.is(actual.dtype, results[1]![i]!.dtype, name)
        await close({ ...t, true: (holds, why) => t.true(holds, `${name}, ${i}: ${why}`) }, actual, results[1]![i]!, 1e-5)
      }
    }
    t.log(`${cases.length} cases${opened.trains ? '' : ', forward only'}`)
  })
}
