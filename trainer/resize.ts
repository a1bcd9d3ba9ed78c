import type { PixelSet } from './datasets/dataset.js'

/**
 * Pictures `from` … `from + count` − 1 of a set at another size, each number between its four neighbours by distance
 * (bilinear, pixel centres in place). Small pictures grow by it; large ones are made smaller where they are decoded.
 *
 * @returns u8 [count, height, width, 3]
 */
export function resized (set: PixelSet, from: number, count: number, { width, height }: { readonly width: number, readonly height: number }): Uint8Array {
  const own = set.width * set.height * 3
  if (set.width === width && set.height === height) return set.pixels.subarray(from * own, (from + count) * own)
  const rows = places(set.height, height)
  const columns = places(set.width, width)
  const out = new Uint8Array(count * width * height * 3)
  let at = 0
  for (let i = from; i < from + count; i++) {
    const picture = set.pixels.subarray(i * own, (i + 1) * own)
    for (let y = 0; y < height; y++) {
      const top = rows.low[y]! * set.width
      const bottom = rows.high[y]! * set.width
      const down = rows.share[y]!
      for (let x = 0; x < width; x++) {
        const left = columns.low[x]!
        const right = columns.high[x]!
        const across = columns.share[x]!
        for (let c = 0; c < 3; c++, at++) {
          const a = picture[3 * (top + left) + c]!
          const b = picture[3 * (bottom + left) + c]!
          const above = a + across * (picture[3 * (top + right) + c]! - a)
          const below = b + across * (picture[3 * (bottom + right) + c]! - b)
          out[at] = above + down * (below - above) + 0.5
        }
      }
    }
  }
  return out
}

/** For each pixel of the new side: the two of the old that it lies between, and how near it is to the second. */
function places (old: number, side: number): { low: Uint32Array, high: Uint32Array, share: Float64Array } {
  const at = Float64Array.from({ length: side }, (_, i) => Math.min(old - 1, Math.max(0, (i + 0.5) * old / side - 0.5)))
  const low = Uint32Array.from(at, Math.floor)
  return { low, high: low.map(i => Math.min(old - 1, i + 1)), share: at.map((place, i) => place - low[i]!) }
}
