/**
 * A function to be awaited now and then in long work: it lets the event loop go round when it has not for `spellMs`, and
 * rejects with the signal's reason when that has been aborted.
 *
 * What only awaits what is at hand already never lets anything else run: a loop over it breathes too.
 */
export function breathing (signal: AbortSignal | undefined, spellMs = 2): () => Promise<void> | undefined {
  let since = performance.now()
  return () => {
    signal?.throwIfAborted()
    return performance.now() - since < spellMs ? undefined : pause()
  }

  async function pause (): Promise<void> {
    await new Promise<void>(resolve => setImmediate(resolve))
    since = performance.now()
    signal?.throwIfAborted()
  }
}
