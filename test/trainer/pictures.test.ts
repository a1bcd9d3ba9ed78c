import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import sharp from 'sharp'
import { DecoderPool } from '../../decoder/pool.js'
import { drawn } from '../../trainer/datasets/drawn.js'
import { folders } from '../../trainer/datasets/folders.js'
import { readPictures } from '../../trainer/datasets/read-pictures.js'
import { scaled, scaleOf } from '../../trainer/frozen.js'
import { classesOf } from '../../trainer/labels.js'
import { resized } from '../../trainer/resize.js'

test('read pictures: files become the pixels they hold, and those that are none are named and left out', async t => {
  const root = await mkdtemp(join(tmpdir(), 'hammingbird-pictures-'))
  t.teardown(() => rm(root, { recursive: true }))
  const set = drawn(3, 1)
  const picture = (i: number): Buffer => Buffer.from(set.pixels.slice(i * 3072, (i + 1) * 3072))
  for (const name of ['a', 'b']) await mkdir(join(root, name))
  for (const [i, file] of ['a/0.png', 'a/2.png', 'b/1.png'].entries()) await sharp(picture(i), { raw: { width: 32, height: 32, channels: 3 } }).png().toFile(join(root, file))
  await writeFile(join(root, 'a/1.png'), 'no picture')
  await using decoder = await DecoderPool.open({ workers: 1 })
  const { set: read, unread } = await readPictures(await folders(root), { width: 32, height: 32, fit: 'squash' }, decoder)
  t.deepEqual(unread.map(({ file }) => file), [join(root, 'a/1.png')])
  t.true(unread[0]!.refused.startsWith('HAMMINGBIRD_IMAGE_'))
  t.deepEqual([...classesOf(read.labels)], [0, 0, 1])
  t.true(Buffer.from(read.pixels).equals(Buffer.from(set.pixels)), 'small pictures are kept without loss')
})

test('resized: keeps flat pictures flat, ends in their ends, and gives what lies between', t => {
  const set = { ...drawn(2, 1, 2), pixels: Uint8Array.from([0, 0, 0, 100, 200, 40, 0, 0, 0, 100, 200, 40, ...Array(12).fill(77) as number[]]) }
  const out = resized(set, 0, 2, { width: 4, height: 3 })
  t.deepEqual([...out.subarray(0, 12)], [0, 0, 0, 25, 50, 10, 75, 150, 30, 100, 200, 40])
  t.true(out.subarray(36).every(value => value === 77))
  t.is(resized(set, 1, 1, { width: 2, height: 2 }).length, 12)
  t.deepEqual([...resized(set, 1, 1, { width: 2, height: 2 })], Array(12).fill(77))
})

test('feature scale: brings what it was measured on to mean 0 and one deviation', t => {
  const features = { count: 3, dims: 2, values: Float64Array.of(1, 10, 3, 10, 5, 40) }
  const { values } = scaled(features, scaleOf(features))
  for (const d of [0, 1]) t.true(Math.abs(values[d]! + values[2 + d]! + values[4 + d]!) < 1e-5)
  t.true(Math.abs([...values].reduce((sum, value) => sum + value ** 2, 0) / 6 - 1) < 1e-5)
  const flat = scaled({ count: 2, dims: 1, values: Float64Array.of(4, 4) }, scaleOf({ count: 2, dims: 1, values: Float64Array.of(4, 4) }))
  t.deepEqual([...flat.values], [0, 0])
})
