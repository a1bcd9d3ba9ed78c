/** How much of a stream may be in hand at once. */
export interface InHand<I> {
  /** Most requests. */
  readonly requests: number
  /** Most bytes, by `weigh`; one request is always taken. */
  readonly bytes: number
  readonly weigh: (request: I) => number
}

/**
 * Works on several requests of a stream at a time and gives the answers in the order of the requests, each as soon as
 * it and all before it are there. A request counts as in hand until its answer has been taken, so a caller who does not
 * read his answers is not read from either.
 *
 * - Completion: after the last answer, once `requests` has ended.
 * - Error: what `handle` rejects with ends it, in its place in the order; what `requests` throws ends it after the
 *   answers to what came before. No further request is read then.
 * - Returning early lets what is in hand finish unheard: `handle` has a signal of its own for that.
 */
export async function * inOrder<I, O> (requests: AsyncIterable<I>, limits: InHand<I>, handle: (request: I) => Promise<O>): AsyncGenerator<O, void, undefined> {
  const inHand: { readonly answer: Promise<O>, readonly bytes: number }[] = []
  let bytes = 0
  let stopped = false
  // One reader and one writer: each sleeps on its own and is woken by the other.
  let wakeReader = () => {}
  let wakeWriter = () => {}

  const full = () => !stopped && (inHand.length >= limits.requests || bytes >= limits.bytes)
  const read = async () => {
    for await (const request of requests) {
      const weight = limits.weigh(request)
      const answer = handle(request)
      answer.catch(() => {}) // heard below, in its turn, or by nobody when an earlier one ended it all
      inHand.push({ answer, bytes: weight })
      bytes += weight
      wakeWriter()
      while (full()) await new Promise<void>(resolve => { wakeReader = resolve })
      if (stopped) return
    }
  }

  let ended = false
  const reading = read().finally(() => {
    ended = true
    wakeWriter()
  })
  reading.catch(() => {}) // thrown on below, after the answers to what came before

  try {
    while (true) {
      const first = inHand[0]
      if (first !== undefined) {
        yield await first.answer
        inHand.shift()
        bytes -= first.bytes
        wakeReader()
      } else if (ended) {
        return await reading
      } else {
        await new Promise<void>(resolve => { wakeWriter = resolve })
      }
    }
  } finally {
    stopped = true
    wakeReader()
  }
}
