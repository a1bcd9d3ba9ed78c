import { HammingbirdError } from '../../errors.js'
import type { Parameters } from '../layers/parameters.js'
import type { tf } from '../tf.js'

/**
 * A part of a network, short enough to be run in one go: between stages an encoder looks whether someone waits.
 * Between the first and the last, what passes is [n, height, width, channels]; the last gives [n, features].
 */
export interface Stage {
  readonly name: string
  readonly run: (x: tf.Tensor, parameters: Parameters) => tf.Tensor
}

/** A network of given widths: normalised pictures in, features out. What its code is made of them stands in `head.ts`. */
export interface Backbone {
  readonly stages: readonly Stage[]
  /** How many features a picture gets. */
  readonly features: number
  /** Epsilon of its batch norms; undefined where it has none. */
  readonly norm?: number
}

/** A kind of network. One a file. */
export interface Network {
  /** As in a manifest. */
  readonly name: string
  /**
   * The network of these settings, each checked; whoever calls asks `settings.done()`.
   *
   * @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID` for settings that cannot be.
   */
  readonly build: (settings: Settings) => Backbone
}

/** What a manifest tells a network of itself: read once each, unknown ones refused by `done`. */
export class Settings {
  readonly #values: Map<string, unknown>
  readonly #asked = new Set<string>()
  readonly #whose: string

  /** @param whose they are, in words. */
  constructor (values: Readonly<Record<string, unknown>>, whose = 'this network') {
    this.#values = new Map(Object.entries(values))
    this.#whose = whose
  }

  number (name: string, { from, to, otherwise, whole = true }: { from: number, to: number, otherwise: number, whole?: boolean }): number {
    const value = this.#take(name, otherwise)
    if (typeof value !== 'number' || !(value >= from && value <= to) || (whole && !Number.isInteger(value))) {
      throw wrong(name, `must be ${whole ? 'a whole number' : 'a number'} from ${from} to ${to}, got ${JSON.stringify(value)}`)
    }
    return value
  }

  choice<T extends string> (name: string, choices: readonly T[], otherwise: T): T {
    const value = this.#take(name, otherwise)
    if (!choices.includes(value as T)) throw wrong(name, `must be one of ${choices.join(', ')}, got ${JSON.stringify(value)}`)
    return value as T
  }

  /** Whole numbers, as a list. */
  numbers (name: string, { from, to, most, otherwise }: { from: number, to: number, most: number, otherwise: readonly number[] }): readonly number[] {
    const taken = this.#take(name, otherwise)
    const value = typeof taken === 'number' ? [taken] : taken
    if (!Array.isArray(value) || value.length > most || !value.every(n => Number.isInteger(n) && n >= from && n <= to)) {
      throw wrong(name, `must be at most ${most} whole numbers from ${from} to ${to}, got ${JSON.stringify(value)}`)
    }
    return value as number[]
  }

  /** @throws HammingbirdError when a setting is left that nobody asked for, naming those that were. */
  done (): void {
    const there = this.#asked.size === 0 ? 'it has none' : `there are ${[...this.#asked].join(', ')}`
    for (const name of this.#values.keys()) throw wrong(name, `is no setting of ${this.#whose}; ${there}`)
  }

  #take (name: string, otherwise: unknown): unknown {
    this.#asked.add(name)
    const value = this.#values.has(name) ? this.#values.get(name) : otherwise
    this.#values.delete(name)
    return value
  }
}

function wrong (name: string, rule: string): HammingbirdError {
  return new HammingbirdError('HAMMINGBIRD_MODEL_INVALID', `settings: ${name} ${rule}`)
}
