import { setTimeout as sleep } from 'node:timers/promises'

export interface KeepOpenOptions<Item, Resource extends AsyncDisposable> {
  /** What tells items apart. */
  readonly key: (item: Item) => string
  readonly open: (item: Item) => Promise<Resource>
  /** Called after an item has gone and its resource is closed. @default nothing */
  readonly gone?: (key: string) => Promise<void>
  /** Told when opening or closing failed; opening is tried again a second later. */
  readonly failed: (err: unknown, key: string) => void
}

const RETRY_MS = 1000

/**
 * Keeps one resource open for each item of a set that changes: opens for those that come, closes for those that go. One
 * change at a time, in the order of the calls, so a resource is never opened twice.
 */
export class KeepOpen<Item, Resource extends AsyncDisposable> implements AsyncDisposable {
  readonly #options: KeepOpenOptions<Item, Resource>
  readonly #open = new Map<string, Resource>()
  readonly #closing = new AbortController()
  #wanted = new Map<string, Item>()
  #work: Promise<void> = Promise.resolve()

  constructor (options: KeepOpenOptions<Item, Resource>) {
    this.#options = options
  }

  /** Resolves when the set is as wanted, or was superseded by a later call. */
  want (items: readonly Item[]): Promise<void> {
    this.#wanted = new Map(items.map(item => [this.#options.key(item), item]))
    this.#work = this.#work.then(() => this.#settle())
    return this.#work
  }

  get (key: string): Resource | undefined {
    return this.#open.get(key)
  }

  values (): Resource[] {
    return [...this.#open.values()]
  }

  /** Closes all. */
  async close (): Promise<void> {
    this.#closing.abort()
    await this.want([])
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  async #settle (): Promise<void> {
    const { open, gone, failed } = this.#options
    for (const [key, resource] of [...this.#open].filter(([key]) => !this.#wanted.has(key))) {
      this.#open.delete(key)
      try {
        await resource[Symbol.asyncDispose]()
        if (!this.#closing.signal.aborted) await gone?.(key)
      } catch (err) {
        failed(err, key)
      }
    }
    for (const [key, item] of [...this.#wanted].filter(([key]) => !this.#open.has(key))) {
      try {
        if (this.#wanted.has(key)) this.#open.set(key, await open(item))
      } catch (err) {
        failed(err, key)
        void sleep(RETRY_MS, undefined, { signal: this.#closing.signal, ref: false }).then(
          () => this.want([...this.#wanted.values()]),
          () => undefined // closed meanwhile
        )
      }
    }
  }
}
