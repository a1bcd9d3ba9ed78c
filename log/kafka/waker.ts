/** Lets one asker wait until something may have come. */
export class Waker {
  #wake: (() => void) | undefined

  /** Resolves with the next `wake`. Rejects with `signal.reason` when that aborts. */
  wait (signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => { reject(signal!.reason as Error) }
      signal?.addEventListener('abort', abort, { once: true })
      this.#wake = () => {
        signal?.removeEventListener('abort', abort)
        resolve()
      }
    })
  }

  wake (): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
