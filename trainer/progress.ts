/** Where a training run is. */
export interface Progress {
  /** Steps done, of `steps`. */
  readonly step: number
  readonly steps: number
  readonly epochs: number
  /** Of the last steps, a running mean; NaN where nothing is learned, and not shown. */
  readonly loss: number
  readonly picturesPerSecond: number
  readonly leftMs: number
}

const WIDTH = 24
/** How often a line is written where it cannot be drawn over: a log that nobody watches. */
const LOG_EVERY_MS = 30_000

/**
 * Shows progress on one line: a bar, the loss, the rate and the time left. On a terminal it is drawn over ten times a second at
 * most; elsewhere a new line comes twice a minute, and for the last step.
 */
export function progressLine (name: string, out: NodeJS.WriteStream): (progress: Progress) => void {
  let shownMs = -Infinity
  return progress => {
    const nowMs = performance.now()
    const last = progress.step === progress.steps
    if (!last && nowMs - shownMs < (out.isTTY ? 100 : LOG_EVERY_MS)) return
    shownMs = nowMs
    const line = formatProgress(name, progress)
    out.write(out.isTTY ? `\r\u001b[K${line}${last ? '\n' : ''}` : `${line}\n`)
  }
}

/** `multitask [=====>    ] epoch 3/12 step 421/2112 loss 0.5321 1432 pictures/s 12 min 5 s left` */
export function formatProgress (name: string, { step, steps, epochs, loss, picturesPerSecond, leftMs }: Progress): string {
  const filled = Math.min(WIDTH, Math.floor(WIDTH * step / steps))
  const bar = `${'='.repeat(filled)}${filled < WIDTH ? '>' : ''}`.padEnd(WIDTH)
  const epoch = Math.min(epochs, 1 + Math.floor(step / steps * epochs))
  const left = Math.round(leftMs / 1000)
  const minutes = left < 60 ? '' : `${Math.floor(left / 60)} min `
  return `${name} [${bar}] epoch ${epoch}/${epochs} step ${step}/${steps}${Number.isNaN(loss) ? '' : ` loss ${loss.toPrecision(4)}`} ${Math.round(picturesPerSecond)} pictures/s ${minutes}${left % 60} s left`
}
