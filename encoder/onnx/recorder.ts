import { tf } from '../tf.js'
import type { Graph } from './graph.js'

/** The name of the backend of tfjs that computes nothing, and writes down what it is asked. */
export const RECORDER = 'onnx-recorder'

/**
 * How many pictures a network is recorded with. It stands for any number: a tensor's first side is the number of pictures if it is this. What a
 * network makes of a coincidence would not give the outputs that a model is held to.
 */
export const PICTURES = 5

/** A network asks for what cannot be written down; another backend has to run it. */
export class UncoveredError extends Error {}

/** What stands behind a tensor: numbers that are known, or the name of what a graph will compute. */
export interface Recorded {
  /** As tfjs has it: [n, height, width, channels], where there are four sides. */
  readonly shape: readonly number[]
  readonly values?: Float32Array
  /** In the graph being recorded. With four sides it is [n, channels, height, width] there, as ONNX wants them. */
  readonly name?: string
}

/** The tensors of a network that is being recorded. */
export class Recorder extends tf.KernelBackend {
  readonly #recorded = new Map<object, Recorded>()
  #graph: Graph | undefined
  /** Multiplications and additions of one picture, of what was recorded since this was last set to 0. */
  macs = 0

  /** Where nodes go; another graph begins with what is given it as its `x`. */
  get graph (): Graph {
    if (this.#graph === undefined) throw new TypeError('nothing is being recorded')
    return this.#graph
  }

  set graph (graph: Graph | undefined) {
    this.#graph = graph
  }

  recorded ({ dataId }: tf.TensorInfo): Recorded {
    const recorded = this.#recorded.get(dataId)
    if (recorded === undefined) throw new UncoveredError('a tensor of another backend')
    return recorded
  }

  /** A tensor of what the graph computes. */
  make (shape: readonly number[], name: string): tf.TensorInfo {
    const dataId = {}
    this.#recorded.set(dataId, { shape, name })
    return { dataId, shape: [...shape], dtype: 'float32' }
  }

  /** Another tensor of the same. */
  same (x: tf.TensorInfo): tf.TensorInfo {
    const dataId = {}
    this.#recorded.set(dataId, this.recorded(x))
    return { ...x, dataId, shape: [...x.shape] }
  }

  /** The same numbers in other sides. */
  alias (shape: readonly number[], values: Float32Array): tf.TensorInfo {
    return { dataId: this.write(values, [...shape], 'float32'), shape: [...shape], dtype: 'float32' }
  }

  override write (values: tf.BackendValues, shape: number[], dtype: tf.DataType): object {
    const dataId = {}
    if (dtype !== 'float32') throw new UncoveredError(`numbers of type ${dtype}`)
    this.#recorded.set(dataId, { shape, values: values instanceof Float32Array ? values : Float32Array.from(values as unknown as number[]) })
    return dataId
  }

  override disposeData (dataId: object): boolean {
    return this.#recorded.delete(dataId)
  }

  override readSync (): never {
    throw new UncoveredError('a network that looks at its numbers')
  }

  override read (): never {
    throw new UncoveredError('a network that looks at its numbers')
  }

  override numDataIds (): number {
    return this.#recorded.size
  }

  override refCount (): number {
    return 1
  }

  override incRef (): void {}
  decRef (): void {}
  override floatPrecision (): 32 {
    return 32
  }

  override epsilon (): number {
    return 1e-7
  }

  override memory (): { unreliable: boolean } {
    return { unreliable: true }
  }

  override timerAvailable (): boolean {
    return false
  }

  override dispose (): void {
    this.#recorded.clear()
  }
}
