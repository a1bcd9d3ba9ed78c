import { Constants } from '../layers/constants.js'
import { foldNorms } from '../layers/fold.js'
import type { Stage } from '../networks/network.js'
import type { Program } from '../runner.js'
import { tf } from '../tf.js'
import { Graph } from './graph.js'
import { registerRecorder } from './kernels.js'
import { PICTURES, RECORDER, Recorder } from './recorder.js'

/** A part of a network as an ONNX model: from `x` to `y`, any number of pictures at once. */
export interface Segment {
  readonly model: Uint8Array
}

/** Half a step of 50 ms, on one core of a processor of today. */
const SEGMENT_MACS = 6e8
const FLOAT = 1

const recorder = new Recorder()
let registered = false

/**
 * Writes a network that stands still down as ONNX models, by having it run over a backend of tfjs that computes nothing: what
 * the stages are, is said in one place, for TensorFlow and for this.
 */
export class Recording implements Disposable {
  readonly #picture: Program['picture']
  readonly #constants: Constants
  readonly #stages: Stage[]
  readonly #segmentMacs: number
  #shape: readonly number[]
  #first = true

  /** @param segmentMacs a segment ends when a picture has taken so many multiplications and additions in it. */
  constructor ({ picture, stages, norm, weights }: Program, segmentMacs = SEGMENT_MACS) {
    this.#segmentMacs = segmentMacs
    this.#picture = picture
    this.#constants = new Constants(norm === undefined ? weights : foldNorms(weights, norm))
    this.#stages = [...stages]
    this.#shape = [PICTURES, picture.input.height, picture.input.width, 3]
  }

  /**
   * The next part of the network.
   *
   * @returns undefined behind the last.
   * @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID` when the weights do not fit; any other error where something cannot be written down.
   */
  next (): Segment | undefined {
    if (this.#stages.length === 0) {
      this.#constants.sealOrRefuse()
      return undefined
    }
    return whileRecording(() => this.#segment())
  }

  [Symbol.dispose] (): void {
    whileRecording(() => { this.#constants.dispose() })
  }

  #segment (): Segment {
    const graph = new Graph()
    recorder.graph = graph
    recorder.macs = 0
    const bytes = this.#first
    const dims = bytes ? this.#shape.slice(1) : inOnnx(this.#shape)
    const name = bytes ? this.#normalised(graph) : 'x'
    this.#first = false
    let model: Uint8Array | undefined
    tf.tidy(() => { // nothing goes out of it: it would look for tensors in every byte
      let x: tf.Tensor = tf.engine().makeTensorFromTensorInfo(recorder.make(this.#shape, name), recorder)
      do x = this.#stages.shift()!.run(x, this.#constants)
      while (this.#stages.length > 0 && recorder.macs < this.#segmentMacs)
      this.#shape = x.shape
      model = graph.encode({ dims, bytes }, { name: recorder.recorded(x).name!, dims: inOnnx(x.shape) })
    })
    return { model: model! }
  }

  /** Pixels as the manifest wants them, in ONNX's order. */
  #normalised (graph: Graph): string {
    const { channels, scale, mean, std } = this.#picture.normalisation
    const turned = graph.node('Transpose', ['x'], { perm: [0, 3, 1, 2] })
    const ordered = channels === 'rgb' ? turned : graph.node('Gather', [turned, graph.integers([2, 1, 0])], { axis: 1 })
    const factor = graph.floats(Float32Array.from(std, each => scale / each), [3, 1, 1])
    const shift = graph.floats(Float32Array.from(std, (each, at) => -mean[at]! / each), [3, 1, 1])
    return graph.node('Add', [graph.node('Mul', [graph.node('Cast', [ordered], { to: FLOAT }), factor]), shift])
  }
}

/** Sides as a graph has them, without the number of pictures. */
function inOnnx ([, ...sides]: readonly number[]): readonly number[] {
  return sides.length === 3 ? [sides[2]!, sides[0]!, sides[1]!] : sides
}

/** In one go: nobody else finds this backend in the place of theirs. */
function whileRecording<T> (record: () => T): T {
  if (!registered) registerRecorder(recorder)
  registered = true
  const before = tf.getBackend() as string | undefined
  void tf.setBackend(RECORDER) // done when it returns: this backend needs no start
  try {
    return record()
  } finally {
    recorder.graph = undefined
    if (before !== undefined) void tf.setBackend(before)
  }
}
