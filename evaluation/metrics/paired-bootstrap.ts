import { Random } from '../../trainer/random.js'

export interface BootstrapOptions {
  /** `difference`: mean(b) − mean(a). `ratio`: mean(b) / mean(a). @default 'difference' */
  readonly compare?: 'difference' | 'ratio'
  /** @default 10000 */
  readonly resamples?: number
  /** Share of the resamples inside the interval. @default 0.95 */
  readonly confidence?: number
  /** @default 1 */
  readonly seed?: number
}

/** How b compares with a on the same queries. */
export interface Comparison {
  readonly value: number
  readonly lower: number
  readonly upper: number
  /** How many queries both have a value for. */
  readonly n: number
}

/**
 * Compares two systems on the same queries: draws queries with replacement, always both values of a query together, and
 * gives the percentile interval of the difference (or ratio) of means (B. Efron, R. Tibshirani. An Introduction to the Bootstrap. 1993).
 * Queries where either is NaN are left out.
 *
 * @throws RangeError for lists of different lengths, or none in common.
 */
export function pairedBootstrap (a: ArrayLike<number>, b: ArrayLike<number>, options: BootstrapOptions = {}): Comparison {
  const { compare = 'difference', resamples = 10_000, confidence = 0.95, seed = 1 } = options
  if (a.length !== b.length) throw new RangeError(`pairs need two lists of one length, got ${a.length} and ${b.length}`)
  const both = Array.from({ length: a.length }, (_, i) => i).filter(i => !Number.isNaN(a[i]!) && !Number.isNaN(b[i]!))
  if (both.length === 0) throw new RangeError('no query has a value for both')
  const left = Float64Array.from(both, i => a[i]!)
  const right = Float64Array.from(both, i => b[i]!)
  const n = both.length
  const statistic = (sumA: number, sumB: number): number => compare === 'ratio' ? sumB / sumA : (sumB - sumA) / n

  const random = new Random(seed)
  const drawn = new Float64Array(resamples)
  for (let r = 0; r < resamples; r++) {
    let sumA = 0
    let sumB = 0
    for (let i = 0; i < n; i++) {
      const at = random.below(n)
      sumA += left[at]!
      sumB += right[at]!
    }
    drawn[r] = statistic(sumA, sumB)
  }
  drawn.sort()
  const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0)
  return {
    value: statistic(sum(left), sum(right)),
    lower: quantile(drawn, (1 - confidence) / 2),
    upper: quantile(drawn, (1 + confidence) / 2),
    n
  }
}

/** Of sorted values, linear between neighbours. */
function quantile (sorted: Float64Array, q: number): number {
  const at = q * (sorted.length - 1)
  const low = sorted[Math.floor(at)]!
  const high = sorted[Math.ceil(at)]!
  return low + (high - low) * (at - Math.floor(at))
}
