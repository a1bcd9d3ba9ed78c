/** A value that is at hand, or will be. `await` takes both; where most are at hand, `whenHere` spares them a turn of the event loop. */
export type Soon<T> = T | Promise<T>

/** Who waits for an answer. */
export interface Caller {
  /** Aborts when he has gone, or his deadline has passed. Made when it is first looked at: what is answered at once does not. */
  readonly signal?: AbortSignal | undefined
}

/** Goes on with a value: now, where it is at hand. What `go` throws then is thrown now too. */
export function whenHere<T, U> (value: Soon<T>, go: (value: T) => Soon<U>): Soon<U> {
  return value instanceof Promise ? value.then(go) : go(value)
}
