/** Width and height of the pictures that version 0 looks at. */
export const SIDE = 32

/** Planes are kept at half that: cells of 2 × 2 pixels, whose values are added up. Low frequencies lose nothing by it. */
const CELLS = 16
const HALF = CELLS / 2

/**
 * The planes a picture is taken apart into, and how many low frequencies of each count: of its cosine transform all
 * coefficients (u, v) with u + v below the number.
 *
 * `luma`, `blue`, `red`: what lies where, in which colour (Y, Cb, Cr). `colour`: how far from grey. `edge`: how steep.
 * `level`, `slant`: which way edges run, as (cos 2θ, sin 2θ), in which turning by 180° changes nothing. Lengths of chroma and
 * of edges count by their root: more saturation or contrast is still the same picture.
 *
 * The weights were chosen on half of Corel5K (the five nearest should share words) and on one photograph with eleven changed
 * copies; they are all near 1, and the figures hardly move with them.
 */
const PLANES = [
  { plane: 'luma', frequencies: 8, weight: 1 },
  { plane: 'blue', frequencies: 5, weight: 1 },
  { plane: 'red', frequencies: 5, weight: 1 },
  { plane: 'colour', frequencies: 4, weight: 0.5 },
  { plane: 'edge', frequencies: 5, weight: 1 },
  { plane: 'level', frequencies: 5, weight: 1 },
  { plane: 'slant', frequencies: 5, weight: 0.7 }
] as const

/** Weight of a coefficient by u + v: (1 + u + v)^-0.8. What is fine is also what two pictures of one kind have least in common. */
const DECAY = [1, 0.574, 0.415, 0.33, 0.276, 0.238, 0.211, 0.189] as const

/**
 * Which share of the picture each of twelve colours (six hues, pale and strong) and eight greys has, wherever it lies. A
 * pixel between two of them counts for both.
 */
const SHARES = 20
const GREYS = 12
const SHARE_WEIGHT = 0.5

export interface Feature {
  readonly name: string
  /** How much it counts beside the others, when all are brought to the same spread. */
  readonly weight: number
}

/** All features, in the order `featuresOf` gives them. */
export const FEATURES: readonly Feature[] = [
  ...PLANES.flatMap(({ plane, frequencies, weight }) =>
    pairs(frequencies).map(([u, v]) => ({ name: `${plane} ${u},${v}`, weight: weight * DECAY[u + v]! }))),
  ...Array.from({ length: SHARES }, (_, colour) => ({ name: `share ${colour}`, weight: SHARE_WEIGHT }))
]

/**
 * COSINES[8 u + x] is cos(π (2x + 1) u / 32) in units of 1/4096, rounded, for the first half of the x. Engines may differ in
 * the last place of a cosine; none of these lies so near the middle between two integers that it could be rounded
 * differently (a test measures it).
 */
export const COSINES = Float64Array.from({ length: 8 * HALF }, (_, i) => Math.round(cosine(Math.floor(i / HALF), i % HALF)))

/** Before it is rounded. */
export function cosine (u: number, x: number): number {
  return 4096 * Math.cos(Math.PI * (2 * x + 1) * u / (2 * CELLS))
}

/**
 * The features of pictures, one after the other, into the same array.
 *
 * Only sums, products, quotients and square roots of doubles in a fixed order: IEEE 754 leaves each of these no choice, so
 * they are the same bits on every machine and in every engine.
 */
export function featureReader (): (pixels: Uint8Array, from: number, into: Float64Array) => void {
  const planes = PLANES.map(() => new Float64Array(CELLS * CELLS))
  const [luma, blue, red, colour, edge, level, slant] = planes as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array, Float64Array, Float64Array]
  const bright = new Float64Array(SIDE * SIDE)
  const shares = new Float64Array(SHARES)
  const rows = new Float64Array(CELLS * 8)

  return (pixels, from, into) => {
    for (const plane of planes) plane.fill(0)
    shares.fill(0)
    takeColours(pixels, from, bright, luma, blue, red, colour, shares)
    takeEdges(bright, edge, level, slant)
    let at = 0
    for (let p = 0; p < planes.length; p++) at = takeFrequencies(planes[p]!, PLANES[p]!.frequencies, rows, into, at)
    for (let colour = 0; colour < SHARES; colour++) into[at++] = Math.sqrt(shares[colour]!)
  }
}

function takeColours (pixels: Uint8Array, from: number, bright: Float64Array, luma: Float64Array, blue: Float64Array, red: Float64Array, colour: Float64Array, shares: Float64Array): void {
  for (let i = 0, p = from; i < SIDE * SIDE; i++, p += 3) {
    const r = pixels[p]!
    const g = pixels[p + 1]!
    const b = pixels[p + 2]!
    const y = 77 * r + 150 * g + 29 * b // of 256
    const cb = 128 * b - 43 * r - 85 * g
    const cr = 128 * r - 107 * g - 21 * b
    const cell = cellOf(i)
    bright[i] = y
    luma[cell]! += y
    if (cb !== 0 || cr !== 0) {
      const root = Math.sqrt(Math.sqrt(cb * cb + cr * cr))
      blue[cell]! += cb / root
      red[cell]! += cr / root
      colour[cell]! += root
    }
    takeShares(r, g, b, y, shares)
  }
}

/** The cell of pixel i = 32 y + x: 16 ⌊y / 2⌋ + ⌊x / 2⌋. */
function cellOf (i: number): number {
  return (i >> 6) << 4 | (i & 31) >> 1
}

/** How far a pixel is from grey is the difference between its largest and its smallest channel, of 256. */
function takeShares (r: number, g: number, b: number, y: number, shares: Float64Array): void {
  const most = r > g ? (r > b ? r : b) : g > b ? g : b
  const least = r < g ? (r < b ? r : b) : g < b ? g : b
  const fromGrey = most - least
  const coloured = between(fromGrey, 12, 36)
  const strong = coloured * between(fromGrey, 48, 112)
  const hue = most === r ? (g >= b ? 0 : 5) : most === g ? (r > b ? 1 : 2) : g > r ? 3 : 4
  shares[hue * 2]! += coloured - strong
  shares[hue * 2 + 1]! += strong
  const level = between(y, 16 * 256, 240 * 256) * 7
  const below = level < 6 ? Math.floor(level) : 6
  shares[GREYS + below]! += (1 - coloured) * (1 - (level - below))
  shares[GREYS + below + 1]! += (1 - coloured) * (level - below)
}

/** 0 up to `low`, 1 from `high` on, and in between as far as it is. */
function between (value: number, low: number, high: number): number {
  return value <= low ? 0 : value >= high ? 1 : (value - low) / (high - low)
}

/** The gradient by central differences, to the border's pixel where there is none beyond; its length counts by its root. */
function takeEdges (bright: Float64Array, edge: Float64Array, level: Float64Array, slant: Float64Array): void {
  for (let i = 0; i < SIDE * SIDE; i++) {
    const x = i & 31
    const dx = bright[x < SIDE - 1 ? i + 1 : i]! - bright[x > 0 ? i - 1 : i]!
    const dy = bright[i < SIDE * (SIDE - 1) ? i + SIDE : i]! - bright[i >= SIDE ? i - SIDE : i]!
    const square = dx * dx + dy * dy
    if (square === 0) continue
    const root = Math.sqrt(Math.sqrt(square))
    const cell = cellOf(i)
    edge[cell]! += root
    level[cell]! += (dx * dx - dy * dy) / square * root
    slant[cell]! += 2 * dx * dy / square * root
  }
}

/** The low frequencies of a plane: first along the rows, then down the columns. */
function takeFrequencies (plane: Float64Array, n: number, rows: Float64Array, into: Float64Array, at: number): number {
  for (let y = 0; y < CELLS; y++) {
    fold(plane, y * CELLS)
    for (let u = 0; u < n; u++) rows[u * CELLS + y] = product(u)
  }
  for (let u = 0; u < n; u++) {
    fold(rows, u * CELLS)
    for (let v = 0; u + v < n; v++) into[at++] = product(v)
  }
  return at
}

/** A line folded at its middle. Cosines of even frequency are even about it, odd ones odd: half the products do. */
const sums = new Float64Array(HALF)
const differences = new Float64Array(HALF)

function fold (line: Float64Array, from: number): void {
  for (let x = 0, left = from, right = from + CELLS - 1; x < HALF; x++, left++, right--) {
    const a = line[left]!
    const b = line[right]!
    sums[x] = a + b
    differences[x] = a - b
  }
}

function product (u: number): number {
  const folded = u % 2 === 0 ? sums : differences
  let sum = 0
  for (let x = 0, c = u * HALF; x < HALF; x++, c++) sum += folded[x]! * COSINES[c]!
  return sum
}

/** All (u, v) with u + v < n, one u after the other. */
function pairs (n: number): readonly (readonly [u: number, v: number])[] {
  return Array.from({ length: n * n }, (_, i) => [Math.floor(i / n), i % n] as const).filter(([u, v]) => u + v < n)
}
