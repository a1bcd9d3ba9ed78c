/** Awaited now and then in long work. */
export type Breathe = () => Promise<void> | undefined

/**
 * A function to be awaited now and then in long work: it lets the event loop go round when it has not for `spellMs`, and
 * rejects with the signal's reason when that has been aborted.
 *
 * What only awaits what is at hand already never lets anything else run: a loop over it breathes too.
 */
export function breathing (signal: AbortSignal | undefined, spellMs = 2): Breathe {
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

/** So many small steps, of going through something or of sorting it, take about a millisecond: between two looks at the clock. */
export const STEPS_AT_ONCE = 4096

/**
 * Counts the small steps of long work: to look at the clock after each would take longer than the step.
 *
 * @returns to be called at each step, with what it weighs where that is not 1: whether it is time to breathe.
 */
export function counting (): (steps?: number) => boolean {
  let gone = 0
  return (steps = 1) => {
    gone += steps
    if (gone < STEPS_AT_ONCE) return false
    gone = 0
    return true
  }
}
