import { Random } from '../random.js'

/**
 * Codes of ±1, one a class, far from each other: rows of the Hadamard matrix, then their opposites, where bits are a power of 2 and
 * classes at most twice as many; else random rows, half of them +1, redrawn while nearer than bits / 4 to one before (CSQ, Yuan et al. 2020).
 *
 * The first row of the Hadamard matrix comes last: it is all +1.
 *
 * @returns [classes, bits]
 * @throws RangeError when random rows far enough apart are not found: more classes than so few bits can hold.
 */
export function hashCentres (classes: number, bits: number, seed: number): Float32Array {
  const rows = (bits & (bits - 1)) === 0 && classes <= 2 * bits ? hadamard(classes, bits) : drawn(classes, bits, new Random(seed))
  return Float32Array.from(rows.flat())
}

function hadamard (classes: number, bits: number): number[][] {
  return Array.from({ length: classes }, (_, c) => {
    const row = (c + 1) % bits
    const sign = c < bits ? 1 : -1
    return Array.from({ length: bits }, (_, b) => sign * (popcount(row & b) % 2 === 0 ? 1 : -1)) // Sylvester's construction
  })
}

function drawn (classes: number, bits: number, random: Random): number[][] {
  const rows: number[][] = []
  for (let misses = 0; rows.length < classes; misses++) {
    if (misses > 1000) throw new RangeError(`${bits} bits do not hold ${classes} centres far enough apart`)
    const row = Array.from(random.permutation(bits), at => at < bits / 2 ? 1 : -1)
    if (rows.some(other => row.filter((value, b) => value !== other[b]).length < bits / 4)) continue
    rows.push(row)
    misses = 0
  }
  return rows
}

function popcount (n: number): number {
  let ones = 0
  for (let rest = n; rest > 0; rest &= rest - 1) ones++
  return ones
}
