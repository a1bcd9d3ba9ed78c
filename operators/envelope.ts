/**
 * A value on its way through a graph, with the debt it carries: the message it came from.
 *
 * Every message is settled exactly once, and not before what it led to is durable or set aside.
 */
export interface Envelope<T> {
  readonly value: T
  /** Says the message is dealt with, for good. Called once. */
  readonly settle: () => void
}
