import test from 'ava'
import { DECODING_LIMITS, isDecodingRefusal, type CanonicalPicture, type DecodingRefusal } from '../../decoder/decoder.js'
import { canonical } from '../../decoder/canonical.js'
import { pixelsOf } from '../../decoder/pixels.js'
import { DecoderPool } from '../../decoder/pool.js'
import { missing } from '../fixtures/evaluation-data.js'
import { bytesOf, expected, listed } from '../fixtures/evaluation-images.js'

const outcomeOf = (outcome: CanonicalPicture | DecodingRefusal) => isDecodingRefusal(outcome) ? outcome.refused : 'ok'

test('decoder: every file of the evaluation images is decoded or refused with the right code, all in one batch, and no worker ends', async t => {
  if (missing(t, 'images')) return
  await using decoder = await DecoderPool.open({ workers: 2 })
  const files = listed()
  const outcomes = await decoder.canonical(files.map(({ file }) => bytesOf(file)))
  t.is(files.length, 199)
  t.deepEqual(Object.fromEntries(files.map(({ file }, i) => [file, outcomeOf(outcomes[i]!)])), Object.fromEntries(files.map(one => [one.file, expected(one)])))
  t.is(decoder.status().lost, 0)
  for (const [i, outcome] of outcomes.entries()) {
    if (isDecodingRefusal(outcome)) continue
    const { file, format, width, height } = files[i]!
    const longest = Math.max(outcome.width, outcome.height)
    t.true(longest <= 256 && longest <= Math.max(outcome.originalWidth, outcome.originalHeight), `${file}: ${longest} pixels`)
    t.is(outcome.bytes.subarray(0, 3).toString('latin1'), longest <= 64 && Math.max(outcome.originalWidth, outcome.originalHeight) <= 64 ? '\x89PN' : '\xff\xd8\xff', file)
    if (format !== '') t.deepEqual([outcome.format, outcome.originalWidth, outcome.originalHeight], [format.toLowerCase(), width, height], file)
  }

  // What each gives alone is what it gave among the hostile: neighbours do no harm.
  for (const [i, { file }] of files.entries()) {
    const alone = await canonical(bytesOf(file), DECODING_LIMITS).catch((err: unknown) => err as Error)
    const among = outcomes[i]!
    if (isDecodingRefusal(among)) t.is((alone as Error).message, among.message, file)
    else t.true((alone as CanonicalPicture).bytes.equals(among.bytes), file)
  }
})

test('decoder: a canonical picture is its own canonical picture, and the same image gives the same pixels', async t => {
  if (missing(t, 'images')) return
  for (const one of listed().filter(one => expected(one) === 'ok')) {
    const first = await canonical(bytesOf(one.file), DECODING_LIMITS)
    const again = await canonical(first.bytes, DECODING_LIMITS)
    t.true(again.bytes.equals(first.bytes), one.file)
    t.deepEqual([again.width, again.height], [first.width, first.height], one.file)
    const input = { width: 32, height: 32, fit: 'squash' } as const
    t.true(Buffer.from(await pixelsOf(again.bytes, input)).equals(await pixelsOf(first.bytes, input)), one.file)
  }
})

test('decoder: the eight EXIF orientations give one upright picture', async t => {
  if (missing(t, 'images/odd')) return
  const input = { width: 64, height: 48, fit: 'squash' } as const
  const pictures = await Promise.all(Array.from({ length: 8 }, async (_, i) => {
    const { bytes, width, height } = await canonical(bytesOf(`odd/sharp_Landscape_${i + 1}.jpg`), DECODING_LIMITS)
    t.deepEqual([width, height], [256, 192], `orientation ${i + 1}`)
    return await pixelsOf(bytes, input)
  }))
  // Each has its number drawn in, so they are alike and not the same; turned or mirrored ones differ by far more.
  const mirrored = Uint8Array.from(pictures[0]!).reverse()
  const apart = Math.min(meanDifference(pictures[0]!, mirrored), meanDifference(pictures[4]!, mirrored))
  for (const picture of pictures) t.true(meanDifference(picture, pictures[0]!) < apart / 5, `${meanDifference(picture, pictures[0]!)} of ${apart}`)
})

function meanDifference (a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length
}
