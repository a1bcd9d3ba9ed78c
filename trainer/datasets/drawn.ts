import { labelsOfLists } from '../labels.js'
import { Random } from '../random.js'
import type { PixelSet } from './dataset.js'

const shapes = ['disc', 'square', 'triangle', 'cross'] as const
const colours = { red: [200, 45, 40], green: [40, 150, 60], blue: [50, 80, 200] } as const

/** What may be seen in a drawn picture: four shapes in three colours, each a label of its own. */
export const DRAWN_NAMES = Object.keys(colours).flatMap(colour => shapes.map(shape => `${colour} ${shape}`))

/**
 * Draws a set of pictures with several labels each: one to four things of `DRAWN_NAMES` on a noisy ground, each of random size,
 * place and shade, later ones over earlier ones. It stands in where no photographs with several labels are at hand; a
 * small network learns it in a minute. The same arguments give the same pictures.
 *
 * @param side of a picture in pixels. @default 32
 */
export function drawn (count: number, seed: number, side = 32): PixelSet {
  const random = new Random(seed)
  const pixels = new Uint8Array(count * side * side * 3)
  const lists = Array.from({ length: count }, (_, i) => {
    const picture = pixels.subarray(i * side * side * 3, (i + 1) * side * side * 3)
    ground(picture, random)
    const things = [...random.permutation(DRAWN_NAMES.length).subarray(0, 1 + random.below(4))]
    // One quarter of the picture each: no thing hides another wholly.
    const quarters = random.permutation(4)
    for (const [at, thing] of things.entries()) draw(picture, side, thing, quarters[at]!, random)
    return things
  })
  return { count, width: side, height: side, pixels, labels: labelsOfLists(lists, DRAWN_NAMES.length), names: DRAWN_NAMES }
}

function ground (picture: Uint8Array, random: Random): void {
  const grey = 60 + random.below(140)
  for (let at = 0; at < picture.length; at++) picture[at] = grey + random.below(41) - 20
}

function draw (picture: Uint8Array, side: number, thing: number, quarter: number, random: Random): void {
  const shape = shapes[thing % shapes.length]!
  const colour = Object.values(colours)[Math.floor(thing / shapes.length)]!
  const shade = 0.75 + 0.5 * random.next()
  const radius = side * (0.13 + 0.09 * random.next())
  const place = (half: number): number => side * (0.25 + 0.5 * half + 0.08 * (random.next() - 0.5))
  const [cx, cy] = [place(quarter & 1), place(quarter >> 1)]
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      if (!inside(shape, (x + 0.5 - cx) / radius, (y + 0.5 - cy) / radius)) continue
      for (let c = 0; c < 3; c++) picture[3 * (y * side + x) + c] = Math.max(0, Math.min(255, colour[c]! * shade + random.below(21) - 10))
    }
  }
}

/** Whether a point lies in a shape of radius 1 around 0. */
function inside (shape: typeof shapes[number], x: number, y: number): boolean {
  switch (shape) {
    case 'disc': return x * x + y * y <= 1
    case 'square': return Math.max(Math.abs(x), Math.abs(y)) <= 0.85
    case 'triangle': return y <= 0.8 && y >= 1.8 * Math.abs(x) - 1
    case 'cross': return Math.min(Math.abs(x), Math.abs(y)) <= 0.3 && Math.max(Math.abs(x), Math.abs(y)) <= 1
  }
}
