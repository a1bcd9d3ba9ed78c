const EVERY_MS = 100
const PLAIN_EVERY_MS = 10_000

/** A line of progress on stderr: written over itself on a terminal, elsewhere a line now and then. */
export class StatusLine implements Disposable {
  #toldAt = -Infinity
  #shown = false

  say (text: string): void {
    const now = performance.now()
    const terminal = process.stderr.isTTY
    if (now - this.#toldAt < (terminal ? EVERY_MS : PLAIN_EVERY_MS)) return
    this.#toldAt = now
    this.#shown = terminal
    process.stderr.write(terminal ? `\r\x1b[2K${text}` : `${text}\n`)
  }

  /** A line that stays. */
  keep (text: string): void {
    this.end()
    process.stderr.write(`${text}\n`)
  }

  end (): void {
    if (this.#shown) process.stderr.write('\r\x1b[2K')
    this.#shown = false
  }

  [Symbol.dispose] (): void {
    this.end()
  }
}
