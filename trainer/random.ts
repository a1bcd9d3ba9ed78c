/**
 * Random numbers from a seed: the same seed gives the same numbers on every machine. The generator is sfc32 (Chris
 * Doty-Humphrey, PractRand), whose whole state is four numbers, so that a run can be put down and taken up again.
 */
export class Random {
  readonly #state: Int32Array

  /** @param seed any whole number. */
  constructor (seed: number) {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`a seed is a whole number, got ${seed}`)
    this.#state = Int32Array.of(seed, Math.floor(seed / 2 ** 32), 0x9e3779b9, 1)
    for (let i = 0; i < 20; i++) this.next() // until the seed has reached every bit
  }

  /** A generator that goes on where another's `state` was read. */
  static from (state: readonly number[]): Random {
    if (state.length !== 4) throw new RangeError(`a state is four numbers, got ${state.length}`)
    const random = new Random(0)
    random.#state.set(state)
    return random
  }

  /** All there is to know of it: `Random.from` takes it up. */
  get state (): readonly number[] {
    return [...this.#state]
  }

  /** A number of 32 bits, evenly spread in [0, 1). */
  next (): number {
    const s = this.#state
    const sum = (s[0]! + s[1]! + s[3]!) | 0
    s[3] = s[3]! + 1
    s[0] = s[1]! ^ (s[1]! >>> 9)
    s[1] = s[2]! + (s[2]! << 3)
    s[2] = ((s[2]! << 21) | (s[2]! >>> 11)) + sum
    return (sum >>> 0) / 2 ** 32
  }

  /** A whole number from 0 to `n` − 1. */
  below (n: number): number {
    return Math.floor(this.next() * n)
  }

  /** A number of the standard normal distribution (Box and Muller). */
  normal (): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next())
  }

  /** The numbers 0 … n − 1 in a random order (Fisher and Yates). */
  permutation (n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, i) => i)
    for (let i = n - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const kept = order[i]!
      order[i] = order[j]!
      order[j] = kept
    }
    return order
  }
}
