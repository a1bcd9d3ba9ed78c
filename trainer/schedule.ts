/** How much of the peak rate a step gets. @param progress 0 at the first step, nearing 1 at the last. */
export type Schedule = (progress: number) => number

/** Rises in a straight line to the peak at `peakAt`, and falls in one to `end`: the shape of airbench. */
export function triangle (peakAt = 0.2, start = 0.2, end = 0.02): Schedule {
  return progress => progress < peakAt
    ? start + (1 - start) * progress / peakAt
    : 1 + (end - 1) * (progress - peakAt) / (1 - peakAt)
}

/** Rises in a straight line during `warmup`, and falls along half a cosine to 0. */
export function cosine (warmup = 0.05): Schedule {
  return progress => progress < warmup
    ? progress / warmup
    : 0.5 * (1 + Math.cos(Math.PI * (progress - warmup) / (1 - warmup)))
}

/** Grows from `start` to 1 by quarters of what lies between, and is 1 from `until` on: for the side of the pictures (J. Howard. DAWNBench, 2018). */
export function growing (start: number, until: number): Schedule {
  return progress => progress >= until ? 1 : start + (1 - start) * Math.floor(4 * progress / until) / 4
}

/** Stays, and falls to a tenth at each of `at`. */
export function steps (...at: readonly number[]): Schedule {
  return progress => 0.1 ** at.filter(drop => progress >= drop).length
}
