import { HammingbirdError } from '../../errors.js'
import type { Tensors } from '../safetensors.js'
import { tf } from '../tf.js'
import type { Parameters } from './parameters.js'

/**
 * Parameters that stand still: what a session encodes with. Each is uploaded when it is first asked for.
 *
 * What a file says of itself is held to what the network asks: a name that is missing or has another shape, or holds a
 * number that is none, is `HAMMINGBIRD_MODEL_INVALID`.
 */
export class Constants implements Parameters {
  readonly training = false
  #from: Tensors
  readonly #names: ReadonlySet<string>
  readonly #uploaded = new Map<string, tf.Tensor>()

  constructor (from: Tensors) {
    this.#from = from
    this.#names = new Set(from.keys())
  }

  get (name: string, shape: readonly number[]): tf.Tensor {
    const known = this.#uploaded.get(name)
    if (known !== undefined) return known
    const tensor = this.#from.get(name)
    if (tensor === undefined) throw wrong(`${name} is missing`)
    if (tensor.shape.join() !== shape.join()) throw wrong(`${name} has the shape [${tensor.shape.join()}], the network wants [${shape.join()}]`)
    if (!(tensor.data instanceof Float32Array)) throw wrong(`${name} does not hold floats`)
    if (!finite(tensor.data)) throw wrong(`${name} holds a number that is none (NaN or infinite)`)
    const uploaded = tf.tidy(() => tf.keep(tf.tensor(tensor.data, [...shape], 'float32')))
    this.#uploaded.set(name, uploaded)
    return uploaded
  }

  normed (layer: string): boolean {
    return this.#names.has(`${layer}.gamma`)
  }

  move (): never {
    throw new TypeError('constants do not move')
  }

  /** Ends the loading, once all layers have asked: lets go of the file's copy, and answers the names that nobody asked for. */
  seal (): string[] {
    this.#from = new Map()
    return [...this.#names].filter(name => !this.#uploaded.has(name))
  }

  /** The same; a name that nobody asked for is refused, but for those of a `classifier`, which only training needs. */
  sealOrRefuse (): void {
    const strangers = this.seal().filter(name => !name.startsWith('classifier.'))
    if (strangers.length > 0) throw wrong(`it has no ${strangers[0]}`)
  }

  dispose (): void {
    for (const tensor of this.#uploaded.values()) tensor.dispose()
    this.#uploaded.clear()
  }
}

/** A difference with itself is 0 for numbers alone; a call for each of a hundred million would take a second. */
function finite (values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (values[i]! - values[i]! !== 0) return false
  return true
}

function wrong (what: string): HammingbirdError {
  return new HammingbirdError('HAMMINGBIRD_MODEL_INVALID', `the weights do not fit the network: ${what}`)
}
