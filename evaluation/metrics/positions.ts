let harmonic = Float64Array.of(0)

/**
 * The sum over i = 1 … m of (a + b · (i − 1)) / (before + i), in constant time: Σ 1/x over a run of positions is a
 * difference of two harmonic numbers. It is what a place of equals adds to a metric that divides by the position.
 */
export function sumOverPositions (a: number, b: number, before: number, m: number): number {
  if (m <= 0) return 0
  if (m === 1) return a / (before + 1)
  return b * m + (a - b * (before + 1)) * (harmonicAt(before + m) - harmonicAt(before))
}

/** 1 + 1/2 + … + 1/n. */
function harmonicAt (n: number): number {
  if (n >= harmonic.length) {
    const longer = new Float64Array(Math.max(n + 1, 2 * harmonic.length))
    for (let i = 1; i < longer.length; i++) longer[i] = longer[i - 1]! + 1 / i
    harmonic = longer
  }
  return harmonic[n]!
}
