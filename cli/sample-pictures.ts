import { codeOf, invalid } from '../errors.js'
import type { HammingbirdClient } from '../client/index.js'
import { isDecodingRefusal, type Decoder } from '../decoder/decoder.js'
import type { PictureInput } from '../registry/manifest.js'
import { cameAsCodes } from '../topics/given-codes.js'

/** Pictures in one answer. */
const BATCH = 32

/**
 * Ids of at most so many images, spread evenly over all that the collection holds: a folder's or a day's images follow each other in the
 * order of ids, and a layer fitted on the first thousands would know only those.
 *
 * @param tell told how many ids have been seen.
 */
export async function sampleIds (client: HammingbirdClient, most: number, signal: AbortSignal, tell: (seen: number) => void): Promise<readonly string[]> {
  let kept: string[] = []
  let every = 1
  let seen = 0
  for await (const item of client.exportItems({}, { signal })) {
    if (cameAsCodes(item)) continue
    if (seen++ % every === 0) kept.push(item.id)
    if (kept.length < 2 * most) continue
    kept = kept.filter((_, i) => i % 2 === 0)
    every *= 2
    tell(seen)
  }
  return kept.length <= most ? kept : Array.from({ length: most }, (_, i) => kept[Math.floor(i * kept.length / most)]!)
}

/**
 * The pictures of images as a network wants them, in batches: u8 [n, height, width, 3]. Images that are gone by now, have codes alone, or
 * cannot be decoded, are left out.
 *
 * @throws HammingbirdError `HAMMINGBIRD_INVALID` when the server keeps no pictures.
 */
export async function * picturesOf (client: HammingbirdClient, decoder: Decoder, ids: readonly string[], input: PictureInput, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  const read = async (from: number): Promise<Uint8Array> => {
    const items = await Promise.all(ids.slice(from, from + BATCH).map(id => client.getItem(id, { picture: true, signal }).catch((err: unknown) => {
      if (codeOf(err) === 'HAMMINGBIRD_NOT_FOUND') return undefined // deleted meanwhile
      throw err
    })))
    const pictures = items.flatMap(item => item === undefined || cameAsCodes(item) ? [] : [item.picture])
    if (pictures.some(({ length }) => length === 0)) throw invalid('--pictures', 'the server keeps no pictures (--no-pictures): a hash layer cannot be fitted on what it holds')
    const pixels = await decoder.pixels(pictures, input, 'live')
    return Buffer.concat(pixels.filter(outcome => !isDecodingRefusal(outcome)) as Uint8Array[])
  }
  // The next batch is on its way while the network looks at this one.
  let next = read(0)
  for (let from = 0; from < ids.length; from += BATCH) {
    const batch = await next
    signal.throwIfAborted()
    next = from + BATCH < ids.length ? read(from + BATCH) : Promise.resolve(new Uint8Array(0))
    next.catch(() => undefined) // awaited in the next turn, or not wanted any more
    if (batch.length > 0) yield batch
  }
}
