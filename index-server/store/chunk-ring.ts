/** How many chunk values of `width` bits lie at exactly `distance` from another. */
export function ringSize (width: number, distance: number): number {
  if (distance > width) return 0
  let size = 1
  for (let i = 1; i <= distance; i++) size = size * (width - distance + i) / i
  return Math.round(size)
}

/**
 * The chunk values at exactly `distance` from `chunk`: each mask with that many ones is the next larger number with as
 * many ones (Gosper's hack, HAKMEM 175).
 *
 * @param width bits of the chunk, at most 30: masks are 32-bit integers.
 */
export function * chunkRing (chunk: number, width: number, distance: number): Generator<number, void> {
  if (distance > width) return
  if (distance === 0) {
    yield chunk
    return
  }
  const end = 2 ** width
  for (let mask = 2 ** distance - 1; mask < end;) {
    yield chunk ^ mask
    const lowest = mask & -mask
    const ripple = mask + lowest
    mask = ripple | (((mask ^ ripple) / lowest) >>> 2)
  }
}
