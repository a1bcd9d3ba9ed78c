/**
 * Waits for something for as long as the signal is not aborted, and a while more. What waits for many things in turn, as while
 * a broker is away, leaves nothing behind on the signal.
 *
 * @param graceMs how long it may still come once the signal is aborted.
 * @returns whether it came.
 * @throws what it is rejected with in that time.
 */
export function unlessEnded (waited: Promise<unknown>, signal: AbortSignal, graceMs = 0): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const end = (): void => { timer = setTimeout(resolve, graceMs, false) }
    const settle = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
    }
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
    waited.finally(settle).then(() => resolve(true), reject)
  })
}
