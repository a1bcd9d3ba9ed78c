/** What a composition root has opened: closed the other way round, so that nothing ever talks to what is gone. */
export class Resources implements AsyncDisposable {
  readonly #opened: AsyncDisposable[] = []
  #closing: Promise<void> | undefined

  keep<T extends AsyncDisposable> (resource: T): T {
    this.#opened.push(resource)
    return resource
  }

  close (): Promise<void> {
    return this.#closing ??= (async () => {
      for (const resource of this.#opened.reverse()) await resource[Symbol.asyncDispose]()
    })()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }
}
