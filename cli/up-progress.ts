import type { FolderCounts } from '../pipeline/sources/folder.js'

/** Where everything stands, for one line. */
export interface ProgressFacts {
  readonly folders: readonly FolderCounts[]
  readonly coded: number
  readonly setAside: number
  readonly waiting: number
  readonly lagMs: number
}

export interface ProgressOptions {
  readonly facts: () => Promise<ProgressFacts>
  readonly out: NodeJS.WriteStream
  /** @default 500 on a terminal, 5,000 elsewhere */
  readonly everyMs?: number
}

/** A line of progress: rewritten in place on a terminal, a new one now and then elsewhere, and none while nothing moves. */
export class Progress implements Disposable {
  readonly #options: ProgressOptions
  readonly #everyMs: number
  readonly #timer: NodeJS.Timeout
  #last = ''
  #shown = false
  #before: { readonly atMs: number, readonly searchable: number } | undefined

  constructor (options: ProgressOptions) {
    this.#options = options
    this.#everyMs = options.everyMs ?? (options.out.isTTY ? 500 : 5000)
    this.#timer = setInterval(() => { void this.#tell() }, this.#everyMs).unref()
  }

  /** Ends the line, so that what is printed next begins on a new one. */
  clear (): void {
    if (this.#shown && this.#options.out.isTTY) this.#options.out.write('\n')
    this.#shown = false
  }

  async #tell (): Promise<void> {
    const { facts, out } = this.#options
    try {
      const now = await facts()
      const line = progressLine(now, this.#rate(now))
      const news = out.isTTY ? line : newsOf(now, this.#everyMs)
      if (news === this.#last) return
      this.#last = news
      this.#shown = true
      out.write(out.isTTY ? `\r\x1b[2K${line.slice(0, out.columns - 1)}` : `${line}\n`)
    } catch {
      // Closing, or the store is busy: the next line tells.
    }
  }

  /** Images a second that became searchable since the line before. */
  #rate ({ coded, setAside }: ProgressFacts): number {
    const searchable = coded + setAside
    const atMs = Date.now()
    const before = this.#before
    this.#before = { atMs, searchable }
    return before === undefined ? 0 : Math.max(0, (searchable - before.searchable) * 1000 / Math.max(1, atMs - before.atMs))
  }

  [Symbol.dispose] (): void {
    clearInterval(this.#timer)
    this.clear()
  }
}

/** What of a line is worth a new one: not how fast it goes, nor that it is behind for less than from one line to the next. */
export function newsOf (facts: ProgressFacts, everyMs: number): string {
  return progressLine({ ...facts, lagMs: facts.lagMs < everyMs ? 0 : facts.lagMs }, 0)
}

/** `1,234 of 2,000 searchable · 640 images/s · 3 set aside`. */
export function progressLine ({ folders, coded, setAside, waiting, lagMs }: ProgressFacts, imagesPerSecond: number): string {
  const number = new Intl.NumberFormat('en')
  const files = folders.reduce((sum, { files }) => sum + files, 0)
  const held = folders.reduce((sum, { held }) => sum + held, 0)
  const scanning = folders.some(({ scanned }) => !scanned)
  const total = Math.max(files, coded + waiting + setAside)
  if (total === 0) return scanning ? 'looking for pictures' : 'no pictures here yet'
  return [
    `${number.format(coded)} of ${number.format(total)}${scanning ? '+' : ''} searchable`,
    ...(imagesPerSecond >= 1 ? [`${number.format(Math.round(imagesPerSecond))} images/s`] : []),
    ...(setAside > 0 ? [`${number.format(setAside)} set aside`] : []),
    ...(held > 0 ? [`${number.format(held)} gone from the folder, kept`] : []),
    ...(lagMs >= 1000 ? [`${(lagMs / 1000).toFixed(0)} s behind`] : [])
  ].join(' · ')
}
