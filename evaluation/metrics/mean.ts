/** A mean over queries, with what it is worth. */
export interface Mean {
  readonly mean: number
  /** Of the mean: the sample's standard deviation over √n. NaN below two values. */
  readonly standardError: number
  /** How many values it is over. */
  readonly n: number
}

/** The mean of the values that are numbers: a NaN is a query with nothing to find, and counts nowhere. */
export function meanOf (values: ArrayLike<number>): Mean {
  let n = 0
  let sum = 0
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i]!)) continue
    n++
    sum += values[i]!
  }
  const mean = sum / n
  let squares = 0
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i]!)) squares += (values[i]! - mean) ** 2
  return { mean, standardError: n < 2 ? NaN : Math.sqrt(squares / (n - 1) / n), n }
}
