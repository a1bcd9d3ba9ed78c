import type { Claim, GroupMember, JoinOptions } from '../log.js'

/** One member of a group: what it was asked to run, and how it ends. The group (group.ts) gives and takes its claims. */
export class Member implements GroupMember {
  readonly ended: Promise<void>
  readonly sessionTimeoutMs: number
  readonly run: (claim: Claim) => Promise<void>
  /** Runs that were fenced and go on all the same: until they end, the member gets no claim. */
  stalled = 0
  readonly #onLeave: () => void
  readonly #work = new Set<Promise<void>>()
  #leaving = false
  #settle!: { readonly resolve: () => void, readonly reject: (err: unknown) => void }
  #closing: Promise<void> | undefined

  constructor ({ run, sessionTimeoutMs = 10_000 }: JoinOptions, onLeave: () => void) {
    if (!(sessionTimeoutMs > 0)) throw new RangeError(`sessionTimeoutMs must be more than 0, got ${sessionTimeoutMs}`)
    this.run = run
    this.sessionTimeoutMs = sessionTimeoutMs
    this.#onLeave = onLeave
    this.ended = new Promise((resolve, reject) => { this.#settle = { resolve, reject } })
    this.ended.catch(() => {}) // observed, whoever else looks
  }

  /** Whether it goes as soon as its claims have ended. */
  get leaving (): boolean {
    return this.#leaving
  }

  /** Takes note of work on a claim, which `close` waits for. It never rejects. */
  track (work: Promise<void>): void {
    this.#work.add(work)
    void work.finally(() => this.#work.delete(work))
  }

  /** The first error is what `ended` says: what follows from it does not hide it. */
  fail (err: unknown): void {
    this.#settle.reject(err)
    this.#leave()
  }

  close (): Promise<void> {
    return this.#closing ??= this.#close()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  async #close (): Promise<void> {
    this.#leave()
    while (this.#work.size > 0) await Promise.all(this.#work)
    this.#settle.resolve()
  }

  #leave (): void {
    if (this.#leaving) return
    this.#leaving = true
    this.#onLeave()
  }
}
