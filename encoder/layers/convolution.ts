import { nativeOps } from '../backends/native.js'
import { tf } from '../tf.js'
import { activate, type Activation } from './activation.js'
import { batchNorm } from './batch-norm.js'
import { padded, type Padding } from './padding.js'
import { maxPool, type PoolingOptions } from './pooling.js'
import { sameConvolution } from './same-convolution.js'
import { ZEROS, type Parameters } from './parameters.js'

/** As few channels have only what comes before the first layers that learn: nobody asks for its gradient. */
const FIRST_CHANNELS = 24

export interface ConvolutionOptions {
  /** Channels that come out. */
  readonly filters: number
  /** Side of the window, in pixels. */
  readonly size: number
  /** @default 1 */
  readonly stride?: number
  /** @default `symmetric` */
  readonly padding?: Padding
  /** The epsilon of the batch norm that follows, instead of a bias; none where undefined. */
  readonly norm?: number | undefined
  /**
   * Keeps the largest of each window before the norm, which then has fewer numbers to go through and learns no scale: as long as none is negative, the
   * largest stays the largest, and the norm can be folded into the convolution. @default none
   */
  readonly pool?: PoolingOptions
  /** How its kernel begins: `passing`, its first filters leave what they get as it is, which an untrained network is soon through with. @default `he` */
  readonly initial?: 'he' | 'passing'
  /** @default `linear` */
  readonly activation?: Activation
}

/**
 * A convolution, then the largest of each window, then a batch norm or a bias, then the activation.
 *
 * @param x [n, height, width, channels]
 * @param name its parameters: `.kernel` [size, size, channels, filters], and `.bias` or those of the norm.
 */
export function convolution (parameters: Parameters, name: string, x: tf.Tensor4D, options: ConvolutionOptions): tf.Tensor4D {
  const { filters, size, stride = 1, padding = 'symmetric', initial = 'he' } = options
  const channels = x.shape[3]
  const kernel = parameters.get(`${name}.kernel`, [size, size, channels, filters], { kind: initial, fanIn: size * size * channels }) as tf.Tensor4D
  const { x: input, pad } = padded(x, size, stride, padding)
  const turnable = parameters.training && stride === 1 && pad === 'same' && size % 2 === 1 && channels > FIRST_CHANNELS && nativeOps() !== undefined
  return finish(parameters, name, turnable ? sameConvolution(input, kernel) : tf.conv2d(input, kernel, stride, pad), options)
}

/**
 * A convolution of each channel by itself, then as `convolution`.
 *
 * @param name its parameters: `.kernel` [size, size, channels, 1], and `.bias` or those of the norm.
 */
export function depthwise (parameters: Parameters, name: string, x: tf.Tensor4D, options: Omit<ConvolutionOptions, 'filters'>): tf.Tensor4D {
  const { size, stride = 1, padding = 'symmetric' } = options
  const kernel = parameters.get(`${name}.kernel`, [size, size, x.shape[3], 1], { kind: 'he', fanIn: size * size }) as tf.Tensor4D
  const { x: input, pad } = padded(x, size, stride, padding)
  return finish(parameters, name, tf.depthwiseConv2d(input, kernel, stride, pad), options)
}

function finish (parameters: Parameters, name: string, x: tf.Tensor4D, { norm, pool, activation = 'linear' }: Pick<ConvolutionOptions, 'norm' | 'pool' | 'activation'>): tf.Tensor4D {
  const y = pool === undefined ? x : maxPool(x, pool)
  const z = norm !== undefined && parameters.normed(name)
    ? batchNorm(parameters, name, y, norm, pool === undefined)
    : tf.add<tf.Tensor4D>(y, parameters.get(`${name}.bias`, [y.shape[3]], ZEROS))
  return activate(z, activation, parameters.training)
}
