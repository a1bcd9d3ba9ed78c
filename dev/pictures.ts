import sharp from 'sharp'
import { SCENES } from './scenes.js'

/** A picture that the project draws itself. */
export interface DrawnPicture {
  /** `sunset/03.png` */
  readonly id: string
  /** A PNG file of 256 × 192 pixels. */
  readonly bytes: Buffer
  readonly labels: readonly string[]
}

const WIDTH = 256
const HEIGHT = 192
const VARIANTS = 12

/**
 * A small set of pictures for someone who has none at hand: scenes of eight kinds, twelve of each, always the same. Pictures
 * of one kind look alike without being the same, so that a first search has something to find.
 */
export async function * drawnPictures (): AsyncGenerator<DrawnPicture> {
  for (const [label, draw] of Object.entries(SCENES)) {
    for (let variant = 0; variant < VARIANTS; variant++) {
      const random = numbers(`${label} ${variant}`)
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}">${draw(random)}</svg>`
      const bytes = await sharp(Buffer.from(svg)).png({ palette: true }).toBuffer()
      yield { id: `${label}/${String(variant + 1).padStart(2, '0')}.png`, bytes, labels: [label] }
    }
  }
}

/** Numbers between two bounds, the same for the same name (mulberry32 over FNV-1a). */
function numbers (name: string): (from: number, to: number) => number {
  let state = 0x811c9dc5
  for (const letter of name) state = Math.imul(state ^ letter.codePointAt(0)!, 0x01000193)
  return (from, to) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return from + ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 * (to - from)
  }
}
