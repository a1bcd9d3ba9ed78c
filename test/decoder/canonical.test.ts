import test from 'ava'
import fc from 'fast-check'
import sharp from 'sharp'
import { canonical } from '../../decoder/canonical.js'
import { DECODING_LIMITS } from '../../decoder/decoder.js'
import { pixelsOf } from '../../decoder/pixels.js'
import { readSmallPng, writeSmallPng } from '../../decoder/small-png.js'
import { codeOf } from '../../errors.js'

const rgb = fc.tuple(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 64 }))
  .chain(([width, height]) => fc.uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 }).map(pixels => ({ width, height, pixels })))

/** A smooth picture with texture, so that no codec has it too easy. */
function drawn (width: number, height: number, channels: 1 | 3 | 4 = 3): ReturnType<typeof sharp> {
  const pixels = Buffer.alloc(width * height * channels)
  for (let i = 0; i < pixels.length; i++) {
    const x = Math.floor(i / channels) % width
    const y = Math.floor(i / channels / width)
    pixels[i] = (x * 255 / width + y * 90 / height * (i % channels) + (x * y % 7) * 4) & 255
  }
  return sharp(pixels, { raw: { width, height, channels } })
}

const made = (image: Buffer) => canonical(image, DECODING_LIMITS)

test('small PNG: what is written is read, and libvips reads the same', async t => {
  await fc.assert(fc.asyncProperty(rgb, async picture => {
    const file = writeSmallPng(picture)
    const read = readSmallPng(file)
    t.deepEqual(read, { ...picture, plain: true })
    t.deepEqual(new Uint8Array(await sharp(file).raw().toBuffer()), picture.pixels)
  }), { numRuns: 40 })
})

test('small PNG: what other writers write is read as libvips reads it', async t => {
  for (const options of [{}, { adaptiveFiltering: true }, { compressionLevel: 0 }, { progressive: true }, { palette: true }]) {
    for (const channels of [1, 3, 4] as const) {
      const picture = drawn(47, 33, channels)
      const file = await (channels === 1 ? picture.toColourspace('b-w') : picture).png(options).toBuffer()
      const read = readSmallPng(file)
      if (channels === 4 || 'progressive' in options || 'palette' in options) t.is(read, undefined, 'of another kind: libvips reads it')
      else t.deepEqual(read?.pixels, new Uint8Array(await sharp(file).toColourspace('srgb').raw().toBuffer()))
    }
  }
})

test('small PNG: a file with any byte changed is left to libvips, or is the same picture', t => {
  const picture = { width: 5, height: 4, pixels: Uint8Array.from({ length: 60 }, (_, i) => i * 4) }
  const file = writeSmallPng(picture)
  for (let at = 0; at < file.length; at++) {
    const damaged = Buffer.from(file)
    damaged[at]! ^= 0x15
    t.deepEqual(readSmallPng(damaged)?.pixels ?? picture.pixels, picture.pixels, `byte ${at}`)
  }
  for (let length = 0; length < file.length; length++) t.is(readSmallPng(file.subarray(0, length)), undefined)
})

test('canonical: what has the form already is kept byte for byte', async t => {
  const small = await drawn(32, 32).png().toBuffer()
  const photo = await drawn(200, 120).jpeg({ quality: 80 }).toBuffer()
  t.true((await made(small)).bytes.equals(small))
  t.true((await made(photo)).bytes.equals(photo))
  const turned = await drawn(200, 120).withMetadata({ orientation: 6 }).jpeg({ quality: 80 }).toBuffer()
  const upright = await made(turned)
  t.deepEqual([upright.width, upright.height, upright.originalWidth, upright.originalHeight], [120, 200, 200, 120])
  t.is((await sharp(upright.bytes).metadata()).exif, undefined, 'nothing but the pixels is kept')
  const trailing = await made(Buffer.concat([photo, Buffer.from('not pixels')]))
  t.false(trailing.bytes.includes('not pixels'))
})

test('canonical: each format taken finds itself; larger ones come down to 256, smaller ones are never enlarged', async t => {
  for (const [width, height, shown] of [[20, 30, [20, 30]], [300, 100, [256, 85]], [640, 480, [256, 192]]] as const) {
    const picture = drawn(width, height)
    const files = {
      jpeg: picture.clone().jpeg(), png: picture.clone().png(), webp: picture.clone().webp({ lossless: true, effort: 0 }),
      gif: picture.clone().gif({ effort: 1 }), avif: picture.clone().avif({ effort: 0 }), tiff: picture.clone().tiff()
    }
    for (const [format, file] of Object.entries(files)) {
      const image = await file.toBuffer()
      const kept = await made(image)
      t.like(kept, { format, originalWidth: width, originalHeight: height, width: shown[0], height: shown[1] })
      for (const input of [{ width: 32, height: 32, fit: 'squash' }, { width: 48, height: 40, fit: 'crop' }] as const) {
        const pixels = await pixelsOf(kept.bytes, input)
        t.is(pixels.length, input.width * input.height * 3)
        t.true(Buffer.from(pixels).equals(await pixelsOf((await made(image)).bytes, input)), `${format} finds itself`)
        t.true(Buffer.from(pixels).equals(await pixelsOf((await made(kept.bytes)).bytes, input)), `${format}: so does what is kept of it`)
      }
    }
  }
})

test('canonical: alpha lies on white, 16 bits become 8, CMYK and grey become sRGB, of an animation the first frame counts', async t => {
  const at = async (image: Buffer) => [...await pixelsOf((await made(image)).bytes, { width: 1, height: 1, fit: 'squash' })]
  const flat = (channels: 3 | 4, background: { r: number, g: number, b: number, alpha: number }, side = 80) => sharp({ create: { width: side, height: side, channels, background } })
  for (const side of [16, 80]) {
    t.deepEqual(await at(await flat(4, { r: 0, g: 0, b: 0, alpha: 0 }, side).png().toBuffer()), [255, 255, 255])
    const half = await at(await flat(4, { r: 255, g: 0, b: 0, alpha: 0.5 }, side).png().toBuffer())
    t.true(Math.abs(half[0]! - 255) <= 2 && Math.abs(half[1]! - 127) <= 2, String(half))
    t.deepEqual(await at(await flat(3, { r: 90, g: 90, b: 90, alpha: 1 }, side).toColourspace('rgb16').png().toBuffer()), [90, 90, 90])
    t.deepEqual(await at(await flat(3, { r: 90, g: 90, b: 90, alpha: 1 }, side).toColourspace('b-w').png().toBuffer()), [90, 90, 90])
    const cmyk = await at(await flat(3, { r: 200, g: 200, b: 200, alpha: 1 }, side).toColourspace('cmyk').jpeg().toBuffer())
    t.true(cmyk.every(value => Math.abs(value - 200) < 20), String(cmyk))
  }
  const frames = Buffer.alloc(70 * 140 * 3, 40).fill(200, 70 * 70 * 3)
  const animated = await sharp(frames, { raw: { width: 70, height: 140, channels: 3, pageHeight: 70 } }).webp({ lossless: true, effort: 0 }).toBuffer()
  t.is((await sharp(animated).metadata()).pages, 2)
  t.deepEqual(await at(animated), [40, 40, 40])
})

test('canonical: refuses what is not taken by its first bytes, whatever it is called', async t => {
  const refused = async (bytes: Buffer | string) => codeOf(await t.throwsAsync(made(Buffer.from(bytes))))
  for (const text of ['<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', '<?xml version="1.0"?><svg/>', '%PDF-1.7', 'BM......', 'P6\n2 2\n255\n............', '\0\0\0\x18ftypheic\0\0\0\0mif1heic', '\0\0\0\x18ftypisom\0\0\0\0mp41mp42']) {
    t.is(await refused(text), 'HAMMINGBIRD_IMAGE_FORMAT', text)
  }
  for (const text of ['', 'hello', '\x89PNG', '<html>']) t.is(await refused(text), 'HAMMINGBIRD_IMAGE_UNREADABLE', text)
  const photo = await drawn(300, 300).jpeg().toBuffer()
  t.is(await refused(photo.subarray(0, photo.length / 2)), 'HAMMINGBIRD_IMAGE_UNREADABLE', 'truncated')
  t.is(await refused(Buffer.concat([photo.subarray(0, 4), Buffer.alloc(500, 7)])), 'HAMMINGBIRD_IMAGE_UNREADABLE', 'a head and nothing behind it')
})

test('canonical: holds to its limits', async t => {
  const image = await drawn(300, 200).png().toBuffer()
  const under = (limits: Partial<typeof DECODING_LIMITS>) => canonical(image, { ...DECODING_LIMITS, ...limits })
  t.is(codeOf(await t.throwsAsync(under({ imageBytes: image.length - 1 }))), 'HAMMINGBIRD_IMAGE_TOO_LARGE')
  t.is(codeOf(await t.throwsAsync(under({ imagePixels: 59_999 }))), 'HAMMINGBIRD_IMAGE_TOO_LARGE')
  await t.notThrowsAsync(under({ imageBytes: image.length, imagePixels: 60_000 }))
})

test('canonical: says what is wrong in whole words', async t => {
  const broken = [Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.from('GIF89a'), Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(40)])]
  for (const bytes of broken) {
    const { message } = await t.throwsAsync(canonical(bytes, DECODING_LIMITS)) as Error
    t.regex(message, /[^\s:]$/, message)
  }
})

test('canonical: of a file that was cut short people are told so, without names of functions', async t => {
  for (const format of ['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff'] as const) {
    const whole = await drawn(200, 150).toFormat(format).toBuffer()
    for (const part of [0.5, 0.9]) {
      const { message } = await t.throwsAsync(made(whole.subarray(0, whole.length * part)), { code: 'HAMMINGBIRD_IMAGE_UNREADABLE' }) as Error
      t.regex(message, /^the file is damaged or cut short: [^:]*[^\s:]$/, `${format}: ${message}`)
      t.notRegex(message, /vips|load|buffer has/i)
    }
  }
})
