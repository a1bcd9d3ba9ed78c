const EVERY_MS = 100

/** Counts, and a line of progress on stderr while it is a terminal. */
export class PublishProgress {
  published = 0
  refused = 0
  readonly #beganAt = Date.now()
  readonly #timer: NodeJS.Timeout | undefined
  readonly #number = new Intl.NumberFormat('en')

  /** @param what is published. */
  constructor (private readonly what: { readonly one: string, readonly many: string, readonly none: string } = { one: 'image', many: 'images', none: 'there are no pictures there' }) {
    if (process.stderr.isTTY) this.#timer = setInterval(() => { process.stderr.write(`\r\x1b[2K${this.#line()}`) }, EVERY_MS).unref()
  }

  /** A line of its own, between two states of the progress line. */
  interject (line: string): void {
    process.stderr.write(this.#timer ? `\r\x1b[2K${line}\n` : `${line}\n`)
  }

  end (): void {
    if (!this.#timer) return
    clearInterval(this.#timer)
    process.stderr.write('\r\x1b[2K')
  }

  /** `published 1,234 images · 2 refused` */
  summary (): string {
    if (this.published + this.refused === 0) return `published nothing: ${this.what.none}`
    return `published ${this.#number.format(this.published)} ${this.published === 1 ? this.what.one : this.what.many}${this.#refusals()}`
  }

  #line (): string {
    const seconds = (Date.now() - this.#beganAt) / 1000
    return `${this.#number.format(this.published)} published${this.#refusals()} · ${this.#number.format(Math.round(this.published / Math.max(seconds, 0.001)))} ${this.what.many}/s`
  }

  #refusals (): string {
    return this.refused === 0 ? '' : ` · ${this.#number.format(this.refused)} refused`
  }
}
