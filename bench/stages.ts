/** When a stage had done how many, sampled while it ran. */
export interface StageRun {
  readonly stage: string
  readonly images: number
  /** From the first to the last sample in which it moved. */
  readonly seconds: number
  readonly imagesPerSecond: number
}

/** Watches counters that grow, and says how fast each of them did. */
export class StageWatch {
  readonly #samples = new Map<string, { readonly atMs: number, readonly count: number }[]>()
  readonly #timer: NodeJS.Timeout

  constructor (counts: () => Readonly<Record<string, number>>, everyMs = 20) {
    const sample = (): void => {
      const atMs = performance.now()
      for (const [stage, count] of Object.entries(counts())) {
        const samples = this.#samples.get(stage) ?? []
        if (samples.at(-1)?.count !== count) samples.push({ atMs, count })
        this.#samples.set(stage, samples)
      }
    }
    sample()
    this.#timer = setInterval(sample, everyMs)
  }

  /** Ends the watch. */
  runs (): readonly StageRun[] {
    clearInterval(this.#timer)
    return [...this.#samples].map(([stage, samples]) => {
      const images = samples.at(-1)!.count - samples[0]!.count
      const seconds = (samples.at(-1)!.atMs - samples[0]!.atMs) / 1000
      return { stage, images, seconds, imagesPerSecond: seconds === 0 ? 0 : images / seconds }
    })
  }
}
