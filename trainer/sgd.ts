import { tf } from '../encoder/tf.js'

export interface SgdOptions {
  /** μ, how much of the last step goes on. @default 0.9 */
  readonly momentum?: number
  /** How much a kernel shrinks a step, times the rate; biases and norms do not. @default 0.0005 */
  readonly decay?: number
  /** What a variable's rate is multiplied by; 0 leaves it as it is. @default 1 for all */
  readonly rateOf?: (name: string) => number
}

/**
 * Gradient descent with Nesterov's momentum and decoupled weight decay (I. Loshchilov, F. Hutter. Decoupled Weight Decay
 * Regularization. ICLR 2019), in PyTorch's form:
 *
 *     m ← μ m + g;   w ← w − rate · (g + μ m) − rate · decay · w
 *
 * `tf.train.momentum` has no decay. What it holds is freed by `dispose`.
 */
export class Sgd {
  readonly #momentum: number
  readonly #decay: number
  readonly #rateOf: (name: string) => number
  readonly #velocities = new Map<string, tf.Variable>()

  constructor ({ momentum = 0.9, decay = 5e-4, rateOf = () => 1 }: SgdOptions = {}) {
    this.#momentum = momentum
    this.#decay = decay
    this.#rateOf = rateOf
  }

  /** Whether a variable moves at all: what does not needs no gradient. */
  moves (name: string): boolean {
    return this.#rateOf(name) > 0
  }

  /** One step. A variable without a gradient stays. @param gradients by name; not disposed. */
  step (variables: ReadonlyMap<string, tf.Variable>, gradients: ReadonlyMap<string, tf.Tensor>, rate: number): void {
    for (const [name, gradient] of gradients) {
      const variable = variables.get(name)!
      const own = rate * this.#rateOf(name)
      tf.tidy(() => {
        const velocity = this.#velocity(name, variable)
        const momentum = tf.add(tf.mul(velocity, this.#momentum), gradient)
        velocity.assign(momentum)
        const kept = name.endsWith('.kernel') ? tf.mul(variable, 1 - own * this.#decay) : variable
        variable.assign(tf.sub(kept, tf.mul(own, tf.add(gradient, tf.mul(this.#momentum, momentum)))))
      })
    }
  }

  /** What it remembers, by variable: for a checkpoint. */
  async read (): Promise<Map<string, { shape: number[], data: Float32Array }>> {
    const read = new Map<string, { shape: number[], data: Float32Array }>()
    for (const [name, velocity] of this.#velocities) read.set(name, { shape: velocity.shape, data: await velocity.data<'float32'>() })
    return read
  }

  /** Takes up what `read` gave. */
  restore (velocities: ReadonlyMap<string, { readonly shape: readonly number[], readonly data: Float32Array }>): void {
    for (const [name, { shape, data }] of velocities) {
      this.#velocities.get(name)?.dispose()
      this.#velocities.set(name, tf.tidy(() => tf.keep(tf.variable(tf.tensor(data, [...shape]), false))))
    }
  }

  dispose (): void {
    for (const velocity of this.#velocities.values()) velocity.dispose()
    this.#velocities.clear()
  }

  #velocity (name: string, variable: tf.Variable): tf.Variable {
    const known = this.#velocities.get(name)
    if (known !== undefined) return known
    const made = tf.keep(tf.variable(tf.zerosLike(variable), false))
    this.#velocities.set(name, made)
    return made
  }
}
