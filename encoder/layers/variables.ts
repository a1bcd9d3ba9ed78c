import { HammingbirdError } from '../../errors.js'
import type { Tensors } from '../safetensors.js'
import { tf } from '../tf.js'
import type { Initial, Parameters } from './parameters.js'

export interface VariablesOptions {
  /** Every start from it is the same, on every backend. @default 0 */
  readonly seed?: number
  /** What a name begins with instead of what its layer would begin with: pretrained weights, as they come from a file. @default none */
  readonly start?: Tensors
}

/**
 * Parameters that learn: a variable for each name, made when a forward pass first asks for it. Run one pass before an
 * optimiser is given the list: `tf.train`'s must not see variables appear.
 */
export class Variables implements Parameters {
  training = true
  readonly #seed: number
  readonly #start: Tensors
  readonly #variables = new Map<string, tf.Variable>()

  constructor ({ seed = 0, start = new Map() }: VariablesOptions = {}) {
    this.#seed = seed
    this.#start = start
  }

  get (name: string, shape: readonly number[], initial: Initial): tf.Variable {
    const known = this.#variables.get(name)
    if (known !== undefined) return known
    const from = this.#start.get(name)
    if (from !== undefined && from.shape.join() !== shape.join()) {
      throw new HammingbirdError('HAMMINGBIRD_MODEL_INVALID', `${name} has the shape [${from.shape.join()}], the network wants [${shape.join()}]`)
    }
    const made = tf.tidy(() => tf.keep(tf.variable(
      tf.tensor(from === undefined ? begin(initial, shape, this.#seed, name) : Float32Array.from(from.data), [...shape], 'float32'), learns(name) && !(initial.kind === 'constant' && initial.fixed === true))))
    this.#variables.set(name, made)
    return made
  }

  /** A batch norm that was folded away before is not there: its convolution has a bias. */
  normed (layer: string): boolean {
    return !this.#start.has(`${layer}.kernel`) || this.#start.has(`${layer}.gamma`)
  }

  move (name: string, towards: tf.Tensor, by: number): void {
    const variable = this.#variables.get(name)!
    tf.tidy(() => variable.assign(variable.mul<tf.Tensor>(1 - by).add(towards.mul(by))))
  }

  /** Those that an optimiser changes, in the order of their making; running statistics and what is fixed are not among them. */
  trainable (): tf.Variable[] {
    return [...this.#variables.values()].filter(variable => variable.trainable)
  }

  /** By name, the running statistics included. */
  all (): ReadonlyMap<string, tf.Variable> {
    return this.#variables
  }

  /** A copy of all, to be written to a file. */
  async read (): Promise<Map<string, { shape: number[], data: Float32Array }>> {
    const read = new Map<string, { shape: number[], data: Float32Array }>()
    for (const [name, variable] of this.#variables) read.set(name, { shape: variable.shape, data: await variable.data<'float32'>() })
    return read
  }

  dispose (): void {
    for (const variable of this.#variables.values()) variable.dispose()
    this.#variables.clear()
  }
}

function learns (name: string): boolean {
  return !/\.(mean|variance)$/.test(name)
}

function begin (initial: Initial, shape: readonly number[], seed: number, name: string): Float32Array {
  const values = new Float32Array(shape.reduce((product, side) => product * side, 1))
  if (initial.kind === 'constant') return values.fill(initial.value)
  const deviation = Math.sqrt((initial.kind === 'lecun' ? 1 : 2) / initial.fanIn)
  const next = uniform(seed, name)
  for (let i = 0; i < values.length; i++) { // Box and Muller: two uniform numbers make a normal one
    values[i] = deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  }
  if (initial.kind === 'passing') letThrough(values, shape)
  return values
}

/** @param shape [height, width, channels, filters]: the first filters keep but the middle of a channel each. */
function letThrough (values: Float32Array, [height = 1, width = 1, channels = 1, filters = 1]: readonly number[]): void {
  const middle = (Math.floor(height / 2) * width + Math.floor(width / 2)) * channels
  for (let filter = 0; filter < Math.min(channels, filters); filter++) {
    for (let at = filter; at < values.length; at += filters) values[at] = 0
    values[(middle + filter) * filters + filter] = 1
  }
}

/** Uniform numbers in [0, 1), a stream for each seed and name, so that a layer's start hangs on nothing that came before it. */
function uniform (seed: number, name: string): () => number {
  let state = seed | 0
  for (const char of name) state = Math.imul(state ^ char.codePointAt(0)!, 0x01000193)
  return () => { // mulberry32
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
