import { tf } from '../tf.js'

/** What a parameter is before anything is learned. */
export type Initial =
  /** Normal, variance 2 / fanIn: for layers before a ReLU (He et al. 2015). */
  | { readonly kind: 'he', readonly fanIn: number }
  /** The same, but the first channels of a convolution come out as they went in, as many as there are. */
  | { readonly kind: 'passing', readonly fanIn: number }
  /** Normal, variance 1 / fanIn: for layers that nothing follows. */
  | { readonly kind: 'lecun', readonly fanIn: number }
  | { readonly kind: 'constant', readonly value: number, /** Whether it stays so. @default false */ readonly fixed?: boolean }

export const ZEROS: Initial = { kind: 'constant', value: 0 }
export const ONES: Initial = { kind: 'constant', value: 1 }
export const FIXED_ONES: Initial = { kind: 'constant', value: 1, fixed: true }

/**
 * Where the layers of a network find their numbers, by name. A network is written once, over this: it trains over
 * `Variables`, which are made when first asked for, and encodes over `Constants`, which come from a file.
 *
 * Names: `<layer>.kernel`, `.bias`, and of a batch norm `.gamma`, `.beta`, `.mean`, `.variance` under the name of the
 * layer it follows.
 */
export interface Parameters {
  /** Whether batch norms use the statistics of the batch, and gradients are wanted. */
  readonly training: boolean
  /** The parameter of this name. Of another shape, it is refused: a file can lie. */
  get (name: string, shape: readonly number[], initial: Initial): tf.Tensor
  /** Whether the layer has a batch norm of its own, where the network would give it one: it may have been folded away. */
  normed (layer: string): boolean
  /** Moves a running statistic towards what a batch had; called while training only. */
  move (name: string, towards: tf.Tensor, by: number): void
}
