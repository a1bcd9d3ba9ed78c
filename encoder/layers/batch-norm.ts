import { FLOAT, nativeOps, type RunOp } from '../backends/native.js'
import { tf } from '../tf.js'
import { FIXED_ONES, ONES, ZEROS, type Parameters } from './parameters.js'

/** What of a batch's statistics goes into the running ones, as PyTorch does by default. */
const MOMENTUM = 0.1

/** What comes out of a batch norm while training. */
export interface Normed {
  readonly y: tf.Tensor4D
  /** [channels], of the batch. */
  readonly mean: tf.Tensor
  /** [channels], of the batch, divided by n − 1: what the running variance estimates. */
  readonly variance: tf.Tensor
}

/**
 * Batch normalisation (Ioffe and Szegedy 2015) over all but the last axis. While training, by the statistics of the
 * batch, which also move the running ones; else by the running ones.
 *
 * @param x [n, height, width, channels]
 * @param layer the layer it follows, under whose name its parameters stand.
 * @param scales whether it learns a scale; without, its channels keep their sign.
 */
export function batchNorm (parameters: Parameters, layer: string, x: tf.Tensor4D, epsilon: number, scales = true): tf.Tensor4D {
  const shape = [x.shape[3]]
  const gamma = parameters.get(`${layer}.gamma`, shape, scales ? ONES : FIXED_ONES) as tf.Tensor1D
  const beta = parameters.get(`${layer}.beta`, shape, ZEROS) as tf.Tensor1D
  const mean = parameters.get(`${layer}.mean`, shape, ZEROS) as tf.Tensor1D
  const variance = parameters.get(`${layer}.variance`, shape, ONES) as tf.Tensor1D
  if (!parameters.training) return tf.batchNorm4d(x, mean, variance, beta, gamma, epsilon)

  const native = nativeOps()
  const { y, ...batch } = native === undefined ? portableBatchNorm(x, gamma, beta, epsilon) : nativeBatchNorm(native, x, gamma, beta, epsilon)
  parameters.move(`${layer}.mean`, batch.mean, MOMENTUM)
  parameters.move(`${layer}.variance`, batch.variance, MOMENTUM)
  tf.dispose([batch.mean, batch.variance])
  return y
}

/** One native op forward and one back; the tfjs layers take some fifteen, and a third more time for a whole step. */
export function nativeBatchNorm (native: RunOp, x: tf.Tensor4D, gamma: tf.Tensor, beta: tf.Tensor, epsilon: number): Normed {
  const attributes = { T: FLOAT, U: FLOAT, epsilon, data_format: 'NHWC', is_training: true }
  let statistics: tf.Tensor[] = []
  const norm = tf.customGrad((x, gamma, beta, save) => {
    const empty = tf.tensor1d([])
    const [y, mean, variance, ...reserved] = native('FusedBatchNormV3', { ...attributes, exponential_avg_factor: 1 },
      [x as tf.Tensor, gamma as tf.Tensor, beta as tf.Tensor, empty, empty], 6)
    statistics = [tf.keep(mean!), tf.keep(variance!)]
    ;(save as tf.GradSaveFunc)([x as tf.Tensor, gamma as tf.Tensor, ...reserved])
    return {
      value: y!,
      gradFunc: (dy: tf.Tensor, [x, gamma, ...reserved]: tf.Tensor[]) =>
        native('FusedBatchNormGradV3', attributes, [dy, x!, gamma!, ...reserved], 5).slice(0, 3)
    }
  })
  const y = norm(x, gamma, beta) as tf.Tensor4D
  return { y, mean: statistics[0]!, variance: statistics[1]! }
}

/** The same in ops that every backend has, with the gradient written out: tfjs's own goes the long way round. */
export function portableBatchNorm (x: tf.Tensor4D, gamma: tf.Tensor, beta: tf.Tensor, epsilon: number): Normed {
  const axes = [0, 1, 2]
  const n = x.size / x.shape[3]
  let statistics: tf.Tensor[] = []
  const norm = tf.customGrad((x, gamma, beta, save) => {
    const mean = tf.mean(x as tf.Tensor, axes)
    const centred = tf.sub(x as tf.Tensor, mean)
    const variance = tf.mean(tf.square(centred), axes)
    const scale = tf.rsqrt(tf.add(variance, epsilon))
    const normed = tf.mul(centred, scale)
    statistics = [tf.keep(mean), tf.keep(tf.mul(variance, n / Math.max(1, n - 1)))]
    ;(save as tf.GradSaveFunc)([normed, gamma as tf.Tensor, scale])
    return {
      value: tf.add(tf.mul(normed, gamma as tf.Tensor), beta as tf.Tensor),
      gradFunc: (dy: tf.Tensor, [normed, gamma, scale]: tf.Tensor[]) => {
        const dbeta = tf.sum(dy, axes)
        const dgamma = tf.sum(tf.mul(dy, normed!), axes)
        const through = tf.sub(tf.sub(dy, tf.div(dbeta, n)), tf.mul(normed!, tf.div(dgamma, n)))
        return [tf.mul(through, tf.mul(gamma!, scale!)), dgamma, dbeta]
      }
    }
  })
  const y = norm(x, gamma, beta) as tf.Tensor4D
  return { y, mean: statistics[0]!, variance: statistics[1]! }
}
