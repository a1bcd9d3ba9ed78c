const WINDOW_MS = 10_000

/** How fast a count has grown over the last ten seconds. */
export class RateClock {
  #samples: { readonly atMs: number, readonly count: number }[] = []

  sample (count: number, atMs: number): void {
    if (atMs - (this.#samples.at(-1)?.atMs ?? -Infinity) < 500) return // asked more often than it changes
    this.#samples.push({ atMs, count })
    while (this.#samples.length > 2 && atMs - this.#samples[1]!.atMs >= WINDOW_MS) this.#samples.shift()
  }

  /** 0 before it has been looked at twice, and while the count falls. */
  perSecond (): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    return first === undefined || last === undefined || last === first ? 0 : Math.max(0, (last.count - first.count) * 1000 / (last.atMs - first.atMs))
  }
}
