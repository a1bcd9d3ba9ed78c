import { createHash } from 'node:crypto'
import type { Decoder } from '../../decoder/decoder.js'
import { inputBytes } from '../../encoder/encoder.js'
import { invalid } from '../../errors.js'
import type { Item } from '../../proto/gen/hammingbird/v1/catalog.js'
import type { PictureInput } from '../../registry/manifest.js'
import { labelsOfLists } from '../../trainer/labels.js'
import { codeSet, type CodeSet } from '../code-set.js'
import type { PixelSet } from '../../trainer/datasets/dataset.js'

/** Labelled images of a server, and their codes under the version that was live. */
export interface LabelledItems {
  readonly pictures: PixelSet
  /** What is held out of training. */
  readonly heldOut: readonly boolean[]
  /** The live version's name, and the codes that it gave, in the order of the pictures. */
  readonly live: string
  readonly codes: CodeSet
}

export interface LabelledItemsOptions {
  readonly decoder: Decoder
  readonly input: PictureInput
  /** The version that answers searches now. */
  readonly live: string
  /** Its bits. */
  readonly bits: number
  /** Share of the ids that is held out. */
  readonly heldOut: number
  readonly onRead?: (count: number) => void
}

/** Items decoded at once: bounds what is in memory beside the pixels. */
const AT_ONCE = 64

/**
 * Reads labelled items with their pictures into memory. Those without a code under the live version, or whose picture is not kept or cannot be
 * decoded, are left out: both versions are measured on the same items.
 *
 * @throws HammingbirdError `HAMMINGBIRD_INVALID` when what is left teaches nothing: no picture, fewer than two labels, nothing on one side of the split.
 */
export async function readLabelledItems (items: AsyncIterable<Item>, { decoder, input, live, bits, heldOut, onRead }: LabelledItemsOptions): Promise<LabelledItems> {
  const pixels: Uint8Array[] = []
  const kept: Item[] = []
  let seen = 0
  let waiting: Item[] = []
  const decode = async (): Promise<void> => {
    const decoded = await decoder.pixels(waiting.map(({ picture }) => picture), input)
    for (const [i, result] of decoded.entries()) {
      if (!(result instanceof Uint8Array)) continue
      pixels.push(result)
      kept.push(waiting[i]!)
    }
    waiting = []
    onRead?.(kept.length)
  }
  for await (const item of items) {
    seen++
    if (item.picture.length === 0 || item.labels.length === 0 || (item.codes[live]?.code.length ?? 0) * 8 !== bits) continue
    if (waiting.push(item) === AT_ONCE) await decode()
  }
  await decode()

  const names = [...new Set(kept.flatMap(({ labels }) => labels))].toSorted()
  const sides = kept.map(({ id }) => isHeldOut(id, heldOut))
  const out = sides.filter(side => side).length
  if (names.length < 2 || out === 0 || out === kept.length) {
    const [labels, images] = [names.length === 1 ? '1 label' : `${names.length} labels`, Math.ceil(5 / Math.min(heldOut, 1 - heldOut))]
    throw invalid('labelled images', `too few to learn from: ${seen} are there, ${kept.length} of them with a picture and a code under ${live}; they have ${labels}, and ${out} are held out. ` +
      `Needed are two labels, an image to learn from and one that is held out: of some ${images} images, a share of ${heldOut} nearly always has one`)
  }
  const numbers = new Map(names.map((name, i) => [name, i]))
  const all = new Uint8Array(kept.length * inputBytes(input))
  for (const [i, own] of pixels.entries()) all.set(own, i * inputBytes(input))
  return {
    pictures: { count: kept.length, width: input.width, height: input.height, pixels: all, labels: labelsOfLists(kept.map(({ labels }) => labels.map(label => numbers.get(label)!)), names.length), names },
    heldOut: sides,
    live,
    codes: codeSet(new Uint8Array(Buffer.concat(kept.map(({ codes }) => codes[live]!.code))), bits)
  }
}

/** Whether an id is held out: by its hash, so that it always is, whatever else is there, and no version ever learns from it. */
export function isHeldOut (id: string, share: number): boolean {
  return createHash('sha256').update(id).digest().readUInt32BE(0) < share * 2 ** 32
}
