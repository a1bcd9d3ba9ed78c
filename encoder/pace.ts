/** Steps are planned for this long, from what their stages took before, so that with what was planned wrongly they end within 50 ms: whoever waits for the encoder waits no longer. */
const STEP_MS = 35
/** A stage is planned for less: it cannot be cut once it has begun. */
const STAGE_MS = 25
const MOST_AT_ONCE = 256

/**
 * Cuts encoding into steps. It remembers what a picture takes in each stage, and gives way before a stage that would not
 * end within the step; so few pictures go at once that no stage takes longer than a step by itself.
 */
export class Pace {
  readonly #msPerPicture: Float64Array
  readonly #nowMs: () => number

  /** @param nowMs a clock. @default performance.now */
  constructor (stages: number, nowMs: () => number = () => performance.now()) {
    this.#msPerPicture = new Float64Array(stages)
    this.#nowMs = nowMs
  }

  /** Forgets what was measured: what comes next is measured as if it were the first. */
  forget (): void {
    this.#msPerPicture.fill(0)
  }

  /** How many of the pictures that are left to take now: parts as even as they come. */
  atOnce (left: number): number {
    const slowest = Math.max(...this.#msPerPicture)
    const most = Math.max(1, Math.min(MOST_AT_ONCE, slowest === 0 ? Infinity : Math.floor(STAGE_MS / slowest)))
    return Math.ceil(left / Math.ceil(left / most))
  }

  /**
   * @param giveWay awaited between steps.
   * @returns runs stage `at` on `count` pictures, in this step if it fits, else in the next.
   */
  begin (giveWay: () => Promise<void> | void): (at: number, count: number, run: () => Promise<void> | void) => Promise<void> {
    let stepBegan = this.#nowMs()
    return async (at, count, run) => {
      if (this.#nowMs() - stepBegan + this.#msPerPicture[at]! * count > STEP_MS) {
        await giveWay()
        stepBegan = this.#nowMs()
      }
      const began = this.#nowMs()
      await run()
      const ms = (this.#nowMs() - began) / count
      const before = this.#msPerPicture[at]!
      this.#msPerPicture[at] = before === 0 ? ms : before + (ms - before) / 4
    }
  }
}
