import { tf } from '../tf.js'
import { PICTURES, RECORDER, UncoveredError, type Recorded, type Recorder } from './recorder.js'

/** What one op of tfjs becomes. */
type Kernel = (recorder: Recorder, inputs: Readonly<Record<string, tf.TensorInfo>>, attributes: Attributes) => tf.TensorInfo

/** Those of tfjs's attributes that are read. An op has some of them. */
interface Attributes {
  readonly strides: number | [number, number]
  readonly filterSize: number | [number, number]
  readonly pad: 'same' | 'valid' | number
  readonly dilations: number | [number, number]
  readonly dimRoundingMode: 'floor' | 'round' | 'ceil'
  readonly axis: number | readonly number[]
  readonly reductionIndices: number | readonly number[]
  readonly keepDims: boolean
  readonly paddings: readonly (readonly [number, number])[]
  readonly constantValue: number
  readonly transposeA: boolean
  readonly transposeB: boolean
  readonly shape: readonly number[]
  readonly begin: readonly number[]
  readonly size: readonly number[]
  readonly dtype: tf.DataType
}

/** ONNX's axis for each of tfjs's, of four sides. */
const AXES = [0, 2, 3, 1] as const

/** The ops that networks are made of. One that is not here makes tfjs say which: then TensorFlow runs the network. */
const KERNELS: Readonly<Record<string, Kernel>> = {
  Cast: (recorder, { x }, { dtype }) => {
    if (dtype !== 'float32') throw new UncoveredError(`numbers of type ${dtype}`)
    return recorder.same(x!)
  },
  Identity: (recorder, { x }) => recorder.same(x!),
  Relu: (recorder, { x }) => elementwise(recorder, 'Relu', x!),
  Relu6: (recorder, { x }) => {
    const { shape } = recorder.recorded(x!)
    const ends = [0, 6].map(end => recorder.graph.floats(Float32Array.of(end), []))
    return recorder.make(shape, recorder.graph.node('Clip', [named(recorder, x!), ...ends]))
  },
  Sigmoid: (recorder, { x }) => elementwise(recorder, 'Sigmoid', x!),
  Add: (recorder, { a, b }) => binary(recorder, 'Add', a!, b!),
  Sub: (recorder, { a, b }) => binary(recorder, 'Sub', a!, b!),
  Multiply: (recorder, { a, b }) => binary(recorder, 'Mul', a!, b!),
  RealDiv: (recorder, { a, b }) => binary(recorder, 'Div', a!, b!),
  AddN: (recorder, inputs) => Object.values(inputs).reduce((sum, each) => binary(recorder, 'Add', sum, each)),
  Conv2D: (recorder, { x, filter }, attributes) => convolution(recorder, x!, filter!, attributes, false),
  DepthwiseConv2dNative: (recorder, { x, filter }, attributes) => convolution(recorder, x!, filter!, attributes, true),
  MaxPool: (recorder, { x }, attributes) => pooling(recorder, 'MaxPool', x!, attributes),
  AvgPool: (recorder, { x }, attributes) => pooling(recorder, 'AveragePool', x!, attributes),
  Mean: (recorder, { x }, { axis, keepDims }) => reduction(recorder, 'ReduceMean', x!, axis, keepDims),
  Max: (recorder, { x }, { reductionIndices, keepDims }) => reduction(recorder, 'ReduceMax', x!, reductionIndices, keepDims),
  PadV2: (recorder, { x }, { paddings, constantValue }) => padding(recorder, x!, paddings, constantValue),
  Concat: (recorder, inputs, { axis }) => concatenation(recorder, Object.values(inputs), axis as number),
  Slice: (recorder, { x }, { begin, size }) => slice(recorder, x!, begin, size),
  BatchMatMul: (recorder, { a, b }, attributes) => product(recorder, a!, b!, attributes),
  Reshape: (recorder, { x }, { shape }) => reshape(recorder, x!, shape)
}

/** Makes tfjs know the recorder and what it can write down. Done once a process. */
export function registerRecorder (recorder: Recorder): void {
  tf.registerBackend(RECORDER, () => recorder, 0)
  for (const [kernelName, kernel] of Object.entries(KERNELS)) {
    tf.registerKernel({
      kernelName,
      backendName: RECORDER,
      kernelFunc: ({ inputs, attrs, backend }) => kernel(backend as Recorder, inputs as Record<string, tf.TensorInfo>, (attrs ?? {}) as unknown as Attributes)
    })
  }
}

function elementwise (recorder: Recorder, op: string, x: tf.TensorInfo): tf.TensorInfo {
  return recorder.make(x.shape, recorder.graph.node(op, [named(recorder, x)]))
}

function binary (recorder: Recorder, op: string, a: tf.TensorInfo, b: tf.TensorInfo): tf.TensorInfo {
  const shape = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape)
  return recorder.make(shape, recorder.graph.node(op, [a, b].map(input => named(recorder, input, shape.length))))
}

/** tfjs has kernels as [height, width, in, out], and depthwise ones as [height, width, channels, 1]; ONNX as [out, in or 1, height, width]. */
function convolution (recorder: Recorder, x: tf.TensorInfo, filter: tf.TensorInfo, attributes: Attributes, depthwise: boolean): tf.TensorInfo {
  const { values, shape } = recorder.recorded(filter)
  if (values === undefined) throw new UncoveredError('a kernel that is computed')
  const { strides, pad, dilations, dimRoundingMode } = attributes
  const info = tf.backend_util.computeConv2DInfo(x.shape as Sides, shape as Sides, strides, dilations, pad, dimRoundingMode, depthwise)
  const [height, width, channels, filters] = shape as Sides
  if (depthwise && filters !== 1) throw new UncoveredError('more than one filter a channel')
  const order = depthwise ? [2, 3, 0, 1] : [3, 2, 0, 1]
  const weights = recorder.graph.floats(transposed(values, shape, order), order.map(side => shape[side]!))
  recorder.macs += info.outHeight * info.outWidth * info.outChannels * height * width * (depthwise ? 1 : channels)
  return recorder.make(info.outShape, recorder.graph.node('Conv', [named(recorder, x), weights], {
    ...windows(info), kernel_shape: [height, width], dilations: [info.dilationHeight, info.dilationWidth], group: depthwise ? channels : 1
  }))
}

type Sides = [number, number, number, number]

function pooling (recorder: Recorder, op: 'MaxPool' | 'AveragePool', x: tf.TensorInfo, { filterSize, strides, pad, dimRoundingMode }: Attributes): tf.TensorInfo {
  const info = tf.backend_util.computePool2DInfo(x.shape as Sides, filterSize, strides, 1, pad, dimRoundingMode)
  return recorder.make(info.outShape, recorder.graph.node(op, [named(recorder, x)], { ...windows(info), kernel_shape: [info.filterHeight, info.filterWidth] }))
}

function windows ({ strideHeight, strideWidth, padInfo: { top, left, bottom, right } }: tf.backend_util.Conv2DInfo): Record<'strides' | 'pads', number[]> {
  return { strides: [strideHeight, strideWidth], pads: [top, left, bottom, right] }
}

function reduction (recorder: Recorder, op: string, x: tf.TensorInfo, axis: number | readonly number[], keepDims: boolean): tf.TensorInfo {
  const rank = x.shape.length
  const axes = [axis].flat().map(side => side < 0 ? side + rank : side)
  if (axes.includes(0)) throw new UncoveredError('numbers of several pictures put together')
  if (rank === 4 && !keepDims && axes.length !== 2) throw new UncoveredError('a picture of which one side is taken away')
  const shape = keepDims ? x.shape.map((side, at) => axes.includes(at) ? 1 : side) : x.shape.filter((_, at) => !axes.includes(at))
  // Of four sides two stay: the pictures, and one more; so what is left has the same order in ONNX.
  return recorder.make(shape, recorder.graph.node(op, [named(recorder, x)], { axes: axes.map(side => rank === 4 ? AXES[side]! : side), keepdims: keepDims ? 1 : 0 }))
}

function padding (recorder: Recorder, x: tf.TensorInfo, paddings: Attributes['paddings'], fill: number): tf.TensorInfo {
  if (paddings[0]!.some(Boolean)) throw new UncoveredError('pictures put before others')
  const order = x.shape.length === 4 ? [0, 3, 1, 2] : paddings.map((_, at) => at)
  const pads = recorder.graph.integers([0, 1].flatMap(end => order.map(side => paddings[side]![end]!)))
  const shape = x.shape.map((side, at) => side + paddings[at]![0] + paddings[at]![1])
  return recorder.make(shape, recorder.graph.node('Pad', [named(recorder, x), pads, recorder.graph.floats(Float32Array.of(fill), [])]))
}

function concatenation (recorder: Recorder, inputs: readonly tf.TensorInfo[], axis: number): tf.TensorInfo {
  const rank = inputs[0]!.shape.length
  const side = axis < 0 ? axis + rank : axis
  if (side === 0) throw new UncoveredError('pictures put behind others')
  const shape = inputs[0]!.shape.map((length, at) => at === side ? inputs.reduce((sum, each) => sum + each.shape[at]!, 0) : length)
  return recorder.make(shape, recorder.graph.node('Concat', inputs.map(each => named(recorder, each, rank)), { axis: rank === 4 ? AXES[side]! : side }))
}

/** @param size of each side, −1 for all that is left of it. */
function slice (recorder: Recorder, x: tf.TensorInfo, begin: readonly number[], size: readonly number[]): tf.TensorInfo {
  const shape = x.shape.map((side, at) => size[at] === -1 ? side - begin[at]! : size[at]!)
  if (shape[0] !== x.shape[0]) throw new UncoveredError('some pictures of several')
  const cut = shape.flatMap((side, at) => side === x.shape[at] ? [] : [at])
  if (cut.length === 0) return recorder.same(x)
  const { graph } = recorder
  const ends = cut.map(side => begin[side]! + shape[side]!)
  return recorder.make(shape, graph.node('Slice', [
    named(recorder, x), graph.integers(cut.map(side => begin[side]!)), graph.integers(ends), graph.integers(cut.map(side => x.shape.length === 4 ? AXES[side]! : side))
  ]))
}

function product (recorder: Recorder, a: tf.TensorInfo, b: tf.TensorInfo, { transposeA, transposeB }: Attributes): tf.TensorInfo {
  if (a.shape.length !== 2 || b.shape.length !== 2 || transposeA || transposeB) throw new UncoveredError('a product that is not of two matrices as they are')
  recorder.macs += b.shape[0]! * b.shape[1]!
  return recorder.make([a.shape[0]!, b.shape[1]!], recorder.graph.node('MatMul', [named(recorder, a), named(recorder, b)]))
}

function reshape (recorder: Recorder, x: tf.TensorInfo, wanted: readonly number[]): tf.TensorInfo {
  const { values } = recorder.recorded(x)
  const shape = tf.util.inferFromImplicitShape([...wanted], tf.util.sizeFromShape(x.shape))
  if (values !== undefined) return recorder.alias(shape, values)
  if (shape.join() === x.shape.join()) return recorder.same(x)
  if (x.shape[0] !== PICTURES || shape[0] !== PICTURES) throw new UncoveredError('sides that mix the numbers of several pictures')
  const { graph } = recorder
  const spread = x.shape.length === 4 && x.shape[1]! * x.shape[2]! > 1
  const flat = spread ? graph.node('Transpose', [named(recorder, x)], { perm: [0, 2, 3, 1] }) : named(recorder, x)
  const turned = graph.node('Reshape', [flat, graph.integers([0, ...shape.slice(1)])]) // 0: as it is
  return recorder.make(shape, shape.length === 4 ? graph.node('Transpose', [turned], { perm: [0, 3, 1, 2] }) : turned)
}

/**
 * What an op is to be given.
 *
 * @param rank of the op's outcome: numbers that are known get so many sides, in ONNX's order.
 */
function named (recorder: Recorder, x: tf.TensorInfo, rank = x.shape.length): string {
  const { name, shape, values } = recorder.recorded(x) as Recorded
  if (values !== undefined) {
    const sides = [...Array<number>(Math.max(0, rank - shape.length)).fill(1), ...shape]
    if (sides.length !== 4) return recorder.graph.floats(values, shape)
    return recorder.graph.floats(transposed(values, sides, [0, 3, 1, 2]), [0, 3, 1, 2].map(side => sides[side]!))
  }
  if (rank !== shape.length && rank === 4) throw new UncoveredError('what is computed, spread over a picture')
  return name!
}

/** @param order of the sides that come out, each as its number among those that went in. */
function transposed (values: Float32Array, [s0 = 1, s1 = 1, s2 = 1, s3 = 1]: readonly number[], order: readonly number[]): Float32Array {
  const sides = [s0, s1, s2, s3]
  const strides = [s1 * s2 * s3, s2 * s3, s3, 1]
  const [a, b, c, d] = order.map(side => ({ length: sides[side]!, stride: strides[side]! })) as [Side, Side, Side, Side]
  const out = new Float32Array(values.length)
  let at = 0
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < b.length; j++) {
      for (let k = 0; k < c.length; k++) {
        const from = i * a.stride + j * b.stride + k * c.stride
        for (let l = 0; l < d.length; l++) out[at++] = values[from + l * d.stride]!
      }
    }
  }
  return out
}

interface Side {
  readonly length: number
  readonly stride: number
}
