import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { isDecodingRefusal } from '../../decoder/decoder.js'
import { DecoderPool } from '../../decoder/pool.js'
import { writeSmallPng } from '../../decoder/small-png.js'
import { codeOf } from '../../errors.js'
import { evaluationData, missing } from '../fixtures/evaluation-data.js'

const picture = (shade: number, side = 32) => writeSmallPng({ width: side, height: side, pixels: new Uint8Array(side * side * 3).fill(shade) })
const input = { width: 32, height: 32, fit: 'squash' } as const

test.serial('decoder pool: answers a batch in its order, refusals in their places', async t => {
  await using decoder = await DecoderPool.open({ workers: 2, limits: { imageBytes: 100_000 } })
  const images = Array.from({ length: 100 }, (_, i) => i % 10 === 3 ? Buffer.from('no image') : i % 10 === 7 ? Buffer.alloc(100_001) : picture(i))
  const outcomes = await decoder.canonical(images)
  t.is(outcomes.length, 100)
  const kept = outcomes.map((outcome, i) => {
    if (!isDecodingRefusal(outcome)) return outcome.bytes
    t.is(outcome.refused, i % 10 === 3 ? 'HAMMINGBIRD_IMAGE_UNREADABLE' : 'HAMMINGBIRD_IMAGE_TOO_LARGE')
    return Buffer.from('refused')
  })
  const pixels = await decoder.pixels(kept, input)
  pixels.forEach((outcome, i) => {
    if (isDecodingRefusal(outcome)) t.true([3, 7].includes(i % 10))
    else t.true(outcome.length === 3072 && outcome.every(value => value === i))
  })
  t.deepEqual(await decoder.canonical([]), [])
})

test.serial('decoder pool: workers that are killed under load lose nothing', async t => {
  await using decoder = await DecoderPool.open({ workers: 2 })
  let kills = 0
  await Promise.all(Array.from({ length: 40 }, async (_, i) => {
    const outcomes = await decoder.pixels(Array.from({ length: 32 }, () => picture(i, 20)), input)
    t.true(outcomes.every(outcome => !isDecodingRefusal(outcome) && outcome.every(value => value === i)))
    const [pid] = decoder.status().pids
    if (i % 9 === 0 && kills++ < 3 && pid !== undefined) process.kill(pid, 'SIGKILL')
  }))
  t.true(decoder.status().lost >= 1)
})

test.serial('decoder pool: gives up and closes', async t => {
  const decoder = await DecoderPool.open({ workers: 1 })
  const gone = AbortSignal.abort(new Error('enough'))
  await t.throwsAsync(decoder.canonical([picture(1)], gone), { message: 'enough' })
  await decoder.close()
  t.is(codeOf(await t.throwsAsync(decoder.canonical([picture(1)]))), 'HAMMINGBIRD_NOT_OPEN')
})

test.serial('decoder pool: an image that takes too long is refused, and those beside it are not', async t => {
  const bomb = 'images/odd/sharp_65536-uint32-limit.png'
  if (missing(t, bomb)) return
  await using decoder = await DecoderPool.open({ workers: 1, limits: { imagePixels: 2 ** 33, decodeMs: 500 } })
  const outcomes = await decoder.canonical([picture(1), readFileSync(join(evaluationData, bomb)), picture(2)])
  t.deepEqual(outcomes.map(outcome => isDecodingRefusal(outcome) ? outcome.refused : 'ok'), ['ok', 'HAMMINGBIRD_IMAGE_TIMEOUT', 'ok'])
})
